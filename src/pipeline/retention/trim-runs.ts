// Removes log lines and artifacts of runs that stay, where they are kept shorter than their runs. Ended runs are walked in the order of their
// age, each part of them with a place of its own: the next sweep goes on there, so its cost is that of what became too old since. Once a day,
// and after a start, the walk begins anew: it finds runs that ended long after younger ones, and what a new rule made too old.
import { ARTIFACTS_PAYLOAD, readArtifacts } from '../../core/artifact.ts';
import type { RunId } from '../../core/ids.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { EndedQuery, RunPartQuery } from '../../core/ports/retention.ts';
import type { Store } from '../../core/ports/store.ts';

export interface TrimParts {
  readonly clock: Clock;
  readonly call: CallStore;
  /** without those that another run still needs */
  unneeded(ids: readonly RunId[], signal: AbortSignal): Promise<readonly RunId[]>;
  removeBelongings(runId: RunId, signal: AbortSignal): Promise<void>;
}

export type SweptStore = Pick<
  Store,
  'retention' | 'countRuns' | 'listRuns' | 'findPayload' | 'listWorkers' | 'removeWorker'
>;

/** One operation of the store with its deadline. */
export type CallStore = <T>(
  signal: AbortSignal,
  work: (inner: AbortSignal, store: SweptStore) => Promise<T>,
) => Promise<T>;

export interface Trim {
  readonly pipeline: string;
  readonly part: RunPartQuery['part'];
  /** of runs that ended before */
  readonly endedBeforeMs: number;
  readonly isDryRun: boolean;
  /** of a dry run: only runs after this one, since those before would go as a whole */
  readonly after: RunId | null;
}

const BATCH_RUNS = 50;
const BATCH_DOCUMENTS = 500;
/** In which others write. */
const PAUSE_MS = 10;
const ANEW_MS = 86_400_000;
/** A dry run looks at no more runs. */
const DRY_RUN_RUNS = 10_000;

export class RunTrimmer {
  readonly #parts: TrimParts;
  /** the last run that was looked at, by part and pipeline */
  readonly #places = new Map<string, RunId>();
  #begunAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: TrimParts) {
    this.#parts = parts;
  }

  /** At the start of a sweep that is no dry run. */
  begin(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#begunAtMs < ANEW_MS) return;
    this.#begunAtMs = nowMs;
    this.#places.clear();
  }

  /** @returns log lines, or artifacts, that went or would go, and whether there is more that a dry run did not look at */
  async trim(trim: Trim, signal: AbortSignal): Promise<{ readonly count: number; readonly isCut: boolean }> {
    let count = 0;
    if (trim.isDryRun) {
      let { after } = trim;
      for (let looked = 0; looked < DRY_RUN_RUNS; looked += BATCH_RUNS) {
        const batch = await this.#trimBatch(trim, after, signal);
        count += batch.count;
        if (batch.last === null) return { count, isCut: false };
        after = batch.last;
      }
      return { count, isCut: true };
    }
    const place = `${trim.part}:${trim.pipeline}`;
    for (;;) {
      const batch = await this.#trimBatch(trim, this.#places.get(place) ?? null, signal);
      count += batch.count;
      if (batch.last === null) return { count, isCut: false };
      this.#places.set(place, batch.last);
      await this.#parts.clock.sleep(PAUSE_MS, signal);
    }
  }

  /** The next runs. @returns the last of them, where to go on; null: there is none */
  async #trimBatch(
    trim: Trim,
    after: RunId | null,
    signal: AbortSignal,
  ): Promise<{ readonly count: number; readonly last: RunId | null }> {
    const { pipeline, part, endedBeforeMs } = trim;
    const page: EndedQuery = { pipeline, endedBeforeMs, after, limit: BATCH_RUNS };
    const ended = await this.#parts.call(signal, (inner, { retention }) =>
      retention.listEndedRuns(page, { signal: inner }),
    );
    const ids = ended.map(({ id }) => id);
    const free = part === 'artifacts' ? await this.#parts.unneeded(ids, signal) : ids;
    let count = 0;
    for (const id of free) count += await this.#trimRun(id, trim, signal);
    return { count, last: ids.at(-1) ?? null };
  }

  async #trimRun(runId: RunId, { part, isDryRun }: Trim, signal: AbortSignal): Promise<number> {
    if (part === 'logs') return await this.#removePart(runId, part, isDryRun, signal);
    const payload = await this.#parts.call(signal, (inner, store) =>
      store.findPayload(runId, ARTIFACTS_PAYLOAD, { signal: inner }),
    );
    const { length } = readArtifacts(payload);
    if (length === 0 || isDryRun) return length;
    await this.#removePart(runId, part, isDryRun, signal);
    await this.#parts.removeBelongings(runId, signal);
    return length;
  }

  async #removePart(runId: RunId, part: RunPartQuery['part'], isDryRun: boolean, signal: AbortSignal): Promise<number> {
    let sum = 0;
    for (;;) {
      const query = { runId, part, limit: BATCH_DOCUMENTS, isDryRun };
      const count = await this.#parts.call(signal, (inner, { retention }) =>
        retention.removePart(query, { signal: inner }),
      );
      sum += count;
      if (count < BATCH_DOCUMENTS || isDryRun) return sum;
      await this.#parts.clock.sleep(PAUSE_MS, signal);
    }
  }
}
