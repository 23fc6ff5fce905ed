// The runs that are held, found by id, by idempotency key and by their invocations.
import type { InvocationId, RunId } from '../../core/ids.ts';
import type { StoreWrite } from '../../core/ports/store.ts';
import type { Run } from '../../core/run.ts';
import type { Parcel } from './flusher.ts';
import { HeldRun } from './held-run.ts';

export class HeldRuns {
  readonly #runs = new Map<RunId, HeldRun>();
  readonly #byKey = new Map<string, HeldRun>();
  readonly #byInvocation = new Map<InvocationId, HeldRun>();
  readonly #dirty = new Set<HeldRun>();
  #bytes = 0;
  #takenBytes = 0;

  /** runs with something to be stored */
  get dirtyCount(): number {
    return this.#dirty.size;
  }

  /** of everything that the store did not acknowledge yet */
  get bytes(): number {
    return this.#bytes + this.#takenBytes;
  }

  find(id: RunId | null): HeldRun | undefined {
    return id === null ? undefined : this.#runs.get(id);
  }

  findByInvocation(id: InvocationId): HeldRun | undefined {
    return this.#byInvocation.get(id);
  }

  findByKey(pipeline: string, idempotencyKey: string | null): HeldRun | undefined {
    return idempotencyKey === null ? undefined : this.#byKey.get(keyOf(pipeline, idempotencyKey));
  }

  add(run: Run): void {
    const held = new HeldRun(run, false);
    this.#runs.set(run.id, held);
    if (run.idempotencyKey !== null) this.#byKey.set(keyOf(run.pipeline, run.idempotencyKey), held);
    this.#dirty.add(held);
    this.#bytes += held.bytes;
  }

  /** A run of the store that this program writes from now on. */
  adopt(run: Run): void {
    this.#runs.set(run.id, new HeldRun(run, true));
  }

  /** What other programs told a run is in the store alone: who asks for it has all of the run written there from now on. @param flush stores what is held */
  async release(id: RunId | null, flush: () => Promise<void>): Promise<void> {
    for (let held = this.find(id); held !== undefined; held = this.find(id)) {
      await flush();
      if (!this.#dirty.has(held)) this.#drop(held);
    }
  }

  /** One write of a held run. False: its guard does not hold, or what it would add is here. Null: it is of an invocation that is not here. */
  apply(held: HeldRun, write: StoreWrite): boolean | null {
    const before = held.bytes;
    const isApplied = applyTo(held, write);
    this.#bytes += held.bytes - before;
    if (held.bytes > 0) this.#dirty.add(held);
    if (write.kind === 'insertInvocation') this.#byInvocation.set(write.invocation.id, held);
    return isApplied;
  }

  /** Those to be stored that have waited longest; a run that nobody here will write any more is let go with it. */
  take(atMost: number): readonly Parcel[] {
    const parcels: Parcel[] = [];
    for (const held of this.#dirty) {
      if (parcels.length === atMost) break;
      this.#dirty.delete(held);
      this.#bytes -= held.bytes;
      this.#takenBytes += held.bytes;
      parcels.push({ chain: held.take(), run: held.run });
      if (held.isLeft) this.#drop(held);
    }
    return parcels;
  }

  /** What was taken is stored. @param stale runs that are not ours any more */
  settle(stale: readonly Run[]): void {
    this.#takenBytes = 0;
    for (const { id } of stale) {
      const held = this.#runs.get(id);
      if (held !== undefined) this.#drop(held);
    }
  }

  #drop(held: HeldRun): void {
    const { id, pipeline, idempotencyKey } = held.run;
    this.#runs.delete(id);
    if (idempotencyKey !== null) this.#byKey.delete(keyOf(pipeline, idempotencyKey));
    for (const invocation of held.invocations) this.#byInvocation.delete(invocation.id);
    if (this.#dirty.delete(held)) this.#bytes -= held.bytes;
  }
}

function applyTo(held: HeldRun, write: StoreWrite): boolean | null {
  switch (write.kind) {
    case 'insertRun':
      return true;
    case 'updateRun':
      return held.update(write.guard, write.changes);
    case 'insertInvocation':
      return held.addInvocation(write.invocation);
    case 'updateInvocation':
      return held.updateInvocation(write.id, write.guard, write.changes);
    case 'putPayload':
      return held.put(write.name, write.json);
    case 'appendEvents':
      return held.addEvents(write.events);
    case 'appendLogs':
      return held.addLines(write.lines);
  }
}

function keyOf(pipeline: string, idempotencyKey: string): string {
  return `${pipeline}\n${idempotencyKey}`;
}
