// Removes old records: runs with all that belongs to them, log lines, versions. Off the path of every run: small batches, each found by an
// index, with a pause between them in which others write. One sweep at a time here; another process may sweep the same store at the same
// time. Interrupted anywhere, it leaves nothing that the next sweep does not find.
import { within } from '../../core/deadline.ts';
import type { RunId } from '../../core/ids.ts';
import type { ArtifactContent } from '../../core/ports/artifact-content.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import { VERSIONED, type EndedQuery, type Versioned } from '../../core/ports/retention.ts';
import { rulesFor, type PipelineSweep, type RecordSweepReport, type RunRules } from '../../core/record-retention.ts';
import { isTerminal, RUN_STATES } from '../../core/run.ts';
import { DRY_RUN_MAX, SweepTally } from './sweep-tally.ts';
import { sweepLogs } from './sweep-logs.ts';
import { sweepWorkers } from './sweep-workers.ts';
import { RunTrimmer, type CallStore, type SweptStore } from './trim-runs.ts';

export interface RecordRules extends RunRules {
  /** newest versions of each pipeline and each plugin that stay whatever their age */
  readonly keepVersions: number;
}

export interface RecordSweeperOptions {
  readonly store: SweptStore;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly rules: RecordRules;
  /** rules of pipelines that have some of their own, by name; none unless given */
  readonly ownRules?: () => ReadonlyMap<string, Partial<RunRules>>;
  /** deadline of one operation of the store */
  readonly storeTimeoutMs: number;
  /** what runs have beside the store's records; nothing unless given */
  readonly belongings?: Pick<ArtifactContent, 'removeOfRun' | 'tidy'>;
}

/** A run that has just ended may still be told of: it stays for a moment, whatever the count. */
const FRESH_MS = 60_000;
/** Runs of one batch; what one transaction removes is at most this many times the documents. */
const BATCH_RUNS = 10;
const BATCH_DOCUMENTS = 100;
/** Newest runs made from a run that are looked at. */
const MADE_FROM_MAX = 100;
const BATCH_NAMES = 100;
const BATCH_VERSIONS = 100;
/** In which others write. */
const PAUSE_MS = 10;
const DRY_RUN_PAGE = 100;

export class RecordSweeper {
  readonly #options: RecordSweeperOptions;
  readonly #call: CallStore;
  readonly #trimmer: RunTrimmer;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RecordSweeperOptions) {
    this.#options = options;
    const { clock, store, storeTimeoutMs } = options;
    this.#call = (signal, work) => within(clock, storeTimeoutMs, signal, (inner) => work(inner, store));
    this.#trimmer = new RunTrimmer({
      clock: options.clock,
      call: this.#call,
      unneeded: (ids, signal) => this.#unneeded(ids, signal),
      removeBelongings: (runId, signal) => this.#removeBelongings(runId, signal),
    });
  }

  /** @throws GantryError STORE_*, or the signal's reason; what was removed until then is removed */
  async sweep({ isDryRun }: { readonly isDryRun: boolean }, signal: AbortSignal): Promise<RecordSweepReport> {
    const turn = this.#last.then(() => this.#sweep(new SweepTally(isDryRun), signal));
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  async #sweep(tally: SweepTally, signal: AbortSignal): Promise<RecordSweepReport> {
    const { clock, events } = this.#options;
    const startedAtMs = clock.monotonicMs();
    let isComplete = false;
    try {
      signal.throwIfAborted();
      if (!tally.isDryRun) this.#trimmer.begin();
      const own = this.#options.ownRules?.() ?? new Map<string, Partial<RunRules>>();
      const all = [this.#options.rules, ...own.values()].map(({ keepLogsForMs = 0 }) => keepLogsForMs);
      const logsForMs = Math.max(...all);
      for await (const pipeline of this.#names('runs', signal))
        await this.#sweepPipeline(pipeline, own.get(pipeline), logsForMs, tally, signal);
      await sweepLogs({ clock: this.#options.clock, call: this.#call }, logsForMs, tally, signal);
      for (const of of VERSIONED)
        for await (const name of this.#names(of, signal)) await this.#sweepVersions(of, name, tally, signal);
      if (!tally.isDryRun) await this.#tidyRest(signal);
      isComplete = true;
      return tally.report();
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      const [atMs, durationMs] = [clock.nowMs(), clock.monotonicMs() - startedAtMs];
      if (!tally.isDryRun) events.emit({ kind: 'recordsRemoved', ...tally.counts(), isComplete, atMs, durationMs });
    }
  }

  async *#names(of: 'runs' | Versioned, signal: AbortSignal): AsyncGenerator<string> {
    let names: readonly string[];
    let after: string | null = null;
    do {
      const from: string | null = after;
      names = await this.#call(signal, (inner, { retention }) =>
        retention.listNames(of, from, BATCH_NAMES, { signal: inner }),
      );
      yield* names;
      after = names.at(-1) ?? null;
    } while (names.length === BATCH_NAMES);
  }

  /** @param logsForMs how long the lines of all pipelines stay at most */
  async #sweepPipeline(
    pipeline: string,
    own: Partial<RunRules> | undefined,
    logsForMs: number,
    tally: SweepTally,
    signal: AbortSignal,
  ): Promise<void> {
    const rules = rulesFor(this.#options.rules, own);
    const { last: after, ...runs } = await this.#sweepRuns(pipeline, rules, tally, signal);
    const [nowMs, { isDryRun }] = [this.#options.clock.nowMs(), tally];
    const counts = { logs: 0, artifacts: 0 };
    const { keepForMs, keepLogsForMs, keepArtifactsForMs } = rules;
    const dues = [
      { part: 'logs', forMs: keepLogsForMs, isDue: keepLogsForMs < Math.min(keepForMs, logsForMs) },
      { part: 'artifacts', forMs: keepArtifactsForMs, isDue: keepArtifactsForMs < keepForMs },
    ] as const;
    for (const { part, forMs } of dues.filter(({ isDue }) => isDue)) {
      const trim = { pipeline, part, endedBeforeMs: nowMs - forMs, isDryRun, after };
      const { count, isCut } = await this.#trimmer.trim(trim, signal);
      counts[part] = count;
      if (isCut) tally.cut();
    }
    const { logs: logLines, artifacts } = counts;
    tally.addPipeline({ pipeline, rules, hasOwnRules: own !== undefined, ...runs, logLines, artifacts });
  }

  async #sweepRuns(
    pipeline: string,
    rules: RunRules,
    tally: SweepTally,
    signal: AbortSignal,
  ): Promise<Pick<PipelineSweep, 'byAge' | 'byCount'> & { readonly last: RunId | null }> {
    const nowMs = this.#options.clock.nowMs();
    const most = tally.isDryRun ? DRY_RUN_MAX : Number.POSITIVE_INFINITY;
    const old = { pipeline, endedBeforeMs: nowMs - rules.keepForMs, after: null };
    const aged = await this.#removeRuns(old, most, tally, signal);
    const states = RUN_STATES.filter(isTerminal);
    const standing = await this.#call(signal, (inner, store) =>
      store.countRuns({ pipeline, states }, { signal: inner }),
    );
    // What a dry run counted by age stands yet.
    const excess = standing - rules.keepRuns - (tally.isDryRun ? aged.count : 0);
    const more = { pipeline, endedBeforeMs: nowMs - FRESH_MS, after: aged.last };
    const counted = await this.#removeRuns(more, Math.min(excess, most), tally, signal);
    return { byAge: aged.count, byCount: counted.count, last: counted.last };
  }

  async #removeRuns(
    query: Omit<EndedQuery, 'limit'>,
    atMost: number,
    tally: SweepTally,
    signal: AbortSignal,
  ): Promise<{ readonly count: number; readonly last: RunId | null }> {
    let count = 0;
    let last = query.after;
    while (count < atMost) {
      const limit = Math.min(tally.isDryRun ? DRY_RUN_PAGE : BATCH_RUNS, atMost - count);
      const page = { ...query, after: last, limit };
      const ended = await this.#call(signal, (inner, { retention }) =>
        retention.listEndedRuns(page, { signal: inner }),
      );
      const leaving = await this.#unneeded(
        ended.map(({ id }) => id),
        signal,
      );
      if (!tally.isDryRun) await this.#removeBatch(leaving, tally, signal);
      count += leaving.length;
      last = ended.at(-1)?.id ?? last;
      if (ended.length < limit) return { count, last };
    }
    if (tally.isDryRun && count >= DRY_RUN_MAX) tally.cut();
    return { count, last };
  }

  /** Without those that a run which has not ended was made from: it may still have to take over their artifacts. */
  async #unneeded(ids: readonly RunId[], signal: AbortSignal): Promise<readonly RunId[]> {
    const isNeeded = await Promise.all(
      ids.map((madeFrom) =>
        this.#call(signal, async (inner, store) => {
          const { items } = await store.listRuns({ madeFrom }, { limit: MADE_FROM_MAX }, { signal: inner });
          return items.some(({ state }) => !isTerminal(state));
        }),
      ),
    );
    return ids.filter((_, index) => isNeeded[index] !== true);
  }

  async #removeBatch(ids: readonly RunId[], tally: SweepTally, signal: AbortSignal): Promise<void> {
    for (const id of ids) await this.#removeBelongings(id, signal);
    let left = ids;
    while (left.length > 0) {
      const removals = await this.#call(signal, (inner, { retention }) =>
        Promise.all(left.map((id) => retention.removeRun(id, BATCH_DOCUMENTS, { signal: inner }))),
      );
      tally.addDocuments(removals.reduce((sum, { removed }) => sum + removed, 0));
      left = left.filter((_, index) => removals[index]?.state === 'partly');
      await this.#options.clock.sleep(PAUSE_MS, signal);
    }
  }

  async #removeBelongings(runId: RunId, signal: AbortSignal): Promise<void> {
    const { clock, storeTimeoutMs, belongings } = this.#options;
    if (belongings === undefined) return;
    for (let isDone = false; !isDone;)
      isDone = await within(clock, storeTimeoutMs, signal, (inner) => belongings.removeOfRun(runId, { signal: inner }));
  }

  async #tidyRest(signal: AbortSignal): Promise<void> {
    const { clock, storeTimeoutMs, belongings } = this.#options;
    await within(clock, storeTimeoutMs, signal, async (inner) => {
      await belongings?.tidy(clock.nowMs(), { signal: inner });
    });
    await sweepWorkers({ clock, call: this.#call }, signal);
  }

  async #sweepVersions(of: Versioned, name: string, tally: SweepTally, signal: AbortSignal): Promise<void> {
    const { clock, rules } = this.#options;
    const query = {
      ...{ of, name, keep: rules.keepVersions, limit: BATCH_VERSIONS },
      createdBeforeMs: clock.nowMs() - rules.keepForMs,
    };
    for (;;) {
      const ids = await this.#call(signal, (inner, { retention }) =>
        retention.listOldVersions(query, { signal: inner }),
      );
      if (ids.length === 0) return;
      const removed = tally.isDryRun
        ? ids.length
        : await this.#call(signal, (inner, { retention }) => retention.removeVersions(of, ids, { signal: inner }));
      tally.addVersions(of, removed);
      if (tally.isDryRun || removed === 0 || ids.length < BATCH_VERSIONS) return;
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}
