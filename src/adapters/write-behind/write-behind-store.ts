// Holds the records of runs with `durability: queued` for a moment and stores them together: all that one run writes becomes one record of
// each kind, and many runs become one group. Runs with `durability: stored` pass. Readers see what was written: from here while everything of
// a run is here, else after it is stored. A killed program loses what it held, at most `flushWithinMs` of writes while the store answers.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { LogLine } from '../../core/events.ts';
import type { InvocationId, RunId } from '../../core/ids.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { EventSink } from '../../core/ports/event-sink.ts';
import type * as port from '../../core/ports/store.ts';
import type { Run } from '../../core/run.ts';
import { asksWhatWasTold, isMade, runIdOf } from './run-id-of.ts';
import { flushedRetention } from './flushed-retention.ts';
import { Flusher, type FlusherOptions } from './flusher.ts';
import { type Chain, ForwardingStore, type InvocationGuard, type Options } from './forwarding-store.ts';
import type { HeldRun } from './held-run.ts';
import { HeldRuns } from './held-runs.ts';

export interface WriteBehindOptions extends Omit<FlusherOptions, 'store' | 'count' | 'take' | 'onStored'> {
  readonly store: port.Store;
  readonly events: EventSink;
  /** what may be held; beyond, new runs wait, or are refused when the store is away */
  readonly heldBytesMax: number;
  /** which runs are held; for tests */
  readonly holds?: (run: Run) => boolean;
}

/** With so many runs to be stored the time is not waited for. */
const HURRY_AT_RUNS = 1_000;

export class WriteBehindStore extends ForwardingStore {
  readonly #held = new HeldRuns();
  readonly #flusher: Flusher;
  readonly #events: EventSink;
  readonly #heldBytesMax: number;
  readonly #holds: (run: Run) => boolean;

  constructor(options: WriteBehindOptions) {
    super(options.store);
    this.#events = options.events;
    this.#heldBytesMax = options.heldBytesMax;
    const holds = options.holds ?? (({ durability }) => durability === 'queued');
    // Who may have a place of a concurrency key is decided in the store, so such a run is never held back from it.
    this.#holds = (run) => run.concurrencyKey === null && holds(run);
    this.#flusher = new Flusher({
      ...options,
      count: () => this.#held.dirtyCount,
      take: (atMost) => this.#held.take(atMost),
      onStored: (stale) => {
        this.#held.settle(stale.map(({ run }) => run));
      },
    });
  }

  override get retention(): port.Store['retention'] {
    return flushedRetention(
      () => this.inner.retention,
      (options) => this.#flushed(options),
    );
  }

  override async insertRun(run: Run, options: Options): Promise<port.InsertResult> {
    return this.#holds(run) ? await this.#hold(run, options) : await this.inner.insertRun(run, options);
  }

  override async findRun(id: RunId, options: Options): Promise<Run | null> {
    const held = this.#held.find(id);
    if (held?.isWhole === true) return held.run;
    await this.#flushed(options);
    return await this.inner.findRun(id, options);
  }

  override async findRunByKey(pipeline: string, idempotencyKey: string, options: Options): Promise<Run | null> {
    const held = this.#held.findByKey(pipeline, idempotencyKey);
    if (held !== undefined) return held.run;
    if (this.#flusher.isUnderWay) await this.#flushed(options);
    return await this.inner.findRunByKey(pipeline, idempotencyKey, options);
  }

  override async updateRun(
    id: RunId,
    guard: port.RunGuard,
    changes: port.RunChanges,
    options: Options,
  ): Promise<boolean> {
    if (guard.told !== undefined) await this.#held.release(id, () => this.#flushed(options));
    const held = this.#held.find(id);
    if (held !== undefined) return this.#apply(held, { kind: 'updateRun', id, guard, changes }) === true;
    return await this.inner.updateRun(id, guard, changes, options);
  }

  override async claimRuns(request: port.ClaimRequest, options: Options): Promise<readonly Run[]> {
    await this.#flushed(options);
    const claimed = await this.inner.claimRuns(request, options);
    for (const run of claimed) if (this.#holds(run)) this.#held.adopt(run);
    return claimed;
  }

  override async listRuns(filter: port.RunFilter, page: port.PageRequest, options: Options): Promise<port.Page<Run>> {
    await this.#flushed(options);
    return await this.inner.listRuns(filter, page, options);
  }

  override async countQueued(pipeline: string, atMost: number, options: Options): Promise<number> {
    await this.#flushed(options);
    return await this.inner.countQueued(pipeline, atMost, options);
  }

  override async countRuns(filter: port.RunFilter, options: Options): Promise<number> {
    await this.#flushed(options);
    return await this.inner.countRuns(filter, options);
  }

  override async insertInvocation(invocation: Invocation, options: Options): Promise<void> {
    const held = this.#held.find(invocation.runId);
    if (held === undefined) await this.inner.insertInvocation(invocation, options);
    else if (this.#apply(held, { kind: 'insertInvocation', invocation }) === false)
      throw new GantryError('STORE_FAILED', `invocation ${invocation.id} stands already`);
  }

  override async updateInvocation(
    id: InvocationId,
    guard: InvocationGuard,
    changes: port.InvocationChanges,
    options: Options,
  ): Promise<boolean> {
    const held = this.#held.findByInvocation(id);
    const isApplied = held === undefined ? null : this.#apply(held, { kind: 'updateInvocation', id, guard, changes });
    return isApplied ?? (await this.inner.updateInvocation(id, guard, changes, options));
  }

  override async listInvocations(runId: RunId, options: Options): Promise<readonly Invocation[]> {
    const held = this.#held.find(runId);
    if (held?.isWhole === true) return held.invocationsByAge;
    await this.#flushed(options);
    return await this.inner.listInvocations(runId, options);
  }

  override async putPayload(runId: RunId, name: string, json: string, options: Options): Promise<void> {
    const held = this.#held.find(runId);
    if (held === undefined) await this.inner.putPayload(runId, name, json, options);
    else this.#apply(held, { kind: 'putPayload', runId, name, json });
  }

  override async findPayload(runId: RunId, name: string, options: Options): Promise<string | null> {
    const held = this.#held.find(runId);
    const json = held?.payload(name) ?? null;
    if (json !== null || held?.isWhole === true) return json;
    await this.#flushed(options);
    return await this.inner.findPayload(runId, name, options);
  }

  override async appendEvents(events: readonly port.StoredEvent[], options: Options): Promise<void> {
    const held = this.#held.find(events[0]?.runId ?? null);
    if (held === undefined) await this.inner.appendEvents(events, options);
    else this.#apply(held, { kind: 'appendEvents', events });
  }

  override async listEvents(
    runId: RunId,
    afterSeq: number,
    limit: number,
    options: Options,
  ): Promise<readonly port.StoredEvent[]> {
    await this.#flushed(options);
    return await this.inner.listEvents(runId, afterSeq, limit, options);
  }

  override async lastEventSeq(runId: RunId, options: Options): Promise<number> {
    await this.#flushed(options);
    return await this.inner.lastEventSeq(runId, options);
  }

  override async appendLogs(lines: readonly LogLine[], options: Options): Promise<void> {
    const passing: LogLine[] = [];
    for (const line of lines) {
      const held = this.#held.find(line.runId);
      if (held === undefined) passing.push(line);
      else this.#apply(held, { kind: 'appendLogs', lines: [line] });
    }
    if (passing.length > 0) await this.inner.appendLogs(passing, options);
  }

  override async listLogs(filter: port.LogFilter, options: Options): Promise<readonly port.StoredLogLine[]> {
    await this.#flushed(options);
    return await this.inner.listLogs(filter, options);
  }

  override async writeAll(chains: readonly Chain[], options: Options): Promise<readonly boolean[]> {
    const results: (boolean | null)[] = [];
    for (const chain of chains) results.push(await this.#writeHeld(chain, options));
    const passing = chains.filter((_, index) => results[index] === null);
    const passed = passing.length === 0 ? [] : [...(await this.inner.writeAll(passing, options))];
    return results.map((result) => result ?? passed.shift() ?? false);
  }

  /** Stores what is held, then closes the store. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.#flusher.close();
    await this.inner[Symbol.asyncDispose]();
  }

  /** Null: the chain is not of a held run. */
  async #writeHeld(chain: Chain, options: Options): Promise<boolean | null> {
    const insert = chain.find((write) => write.kind === 'insertRun');
    if (insert !== undefined && this.#holds(insert.run)) {
      const inserted = await this.#hold(insert.run, options);
      if (inserted.kind === 'exists' && inserted.run.id !== insert.run.id) return false;
    }
    if (chain.some(asksWhatWasTold)) await this.#held.release(runIdOf(chain), () => this.#flushed(options));
    const held = this.#held.find(runIdOf(chain));
    return held === undefined ? null : chain.every((write) => isMade(this.#apply(held, write), write));
  }

  #apply(held: HeldRun, write: port.StoreWrite): boolean | null {
    const isApplied = this.#held.apply(held, write);
    const isUpdate = write.kind === 'updateRun' || write.kind === 'updateInvocation';
    if (isUpdate && isApplied === false) this.#events.emit({ kind: 'staleWriteIgnored', operation: write.kind });
    this.#scheduled();
    return isApplied;
  }

  /** @throws GantryError STORE_UNAVAILABLE when too much is held already and the store does not take it */
  async #hold(run: Run, options: Options): Promise<port.InsertResult> {
    while (this.#held.bytes >= this.#heldBytesMax || this.#flusher.isBehind) {
      if (this.#flusher.isAway) throw new GantryError('STORE_UNAVAILABLE', 'too many records wait for the store');
      await this.#flusher.eased(options.signal);
    }
    const { pipeline, idempotencyKey: key } = run;
    const stored = key === null ? null : await this.findRunByKey(pipeline, key, options);
    // Looked for last: another start with the key may have been held meanwhile.
    const standing = stored ?? (this.#held.find(run.id) ?? this.#held.findByKey(pipeline, key))?.run;
    if (standing !== undefined) return { kind: 'exists', run: standing };
    this.#held.add(run);
    this.#scheduled();
    return { kind: 'inserted' };
  }

  #scheduled(): void {
    if (this.#held.dirtyCount === 0) return;
    if (this.#held.dirtyCount >= HURRY_AT_RUNS) this.#flusher.hurry();
    this.#flusher.soon();
  }

  async #flushed({ signal }: Options): Promise<void> {
    if (this.#held.dirtyCount > 0 || this.#flusher.isUnderWay) await this.#flusher.flush(signal);
  }
}
