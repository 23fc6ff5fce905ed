// What a run wrote that began and ended in this process. Who waited for its end wants just that, and need not wait for the store again to
// read it. It is kept only for who said so before, and only where it is small: the store has it all. (A WeakMap by run would hold it until
// the next full collection.)
import type { InvocationId, RunId } from '../../core/ids.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { InvocationChanges } from '../../core/ports/store.ts';
import { isTerminal, type Run } from '../../core/run.ts';
import type { RunRecords } from '../../core/run-records.ts';

const CHARS_MAX = 64 * 1024;
const INVOCATIONS_MAX = 64;

/** What was stored together. */
interface StoredBatch {
  readonly payloads: ReadonlyMap<string, string>;
  readonly inserts: ReadonlyMap<InvocationId, Invocation>;
  readonly updates: ReadonlyMap<InvocationId, InvocationChanges>;
}

/** Of the runs whose records somebody expects; null until the run has ended here. */
const expected = new Map<RunId, readonly StoredBatch[] | null>();

/** From now on, until it is disposed of, what the run leaves behind is kept. */
export function expectRecords(runId: RunId): Disposable {
  if (!expected.has(runId)) expected.set(runId, null);
  return {
    [Symbol.dispose]: () => {
      expected.delete(runId);
    },
  };
}

/** Null: they are to be read from the store. */
export function recordsOf(runId: RunId): RunRecords | null {
  const batches = expected.get(runId) ?? null;
  return batches === null ? null : joined(batches);
}

export class KeptRecords {
  #batches: StoredBatch[] = [];
  #chars = 0;
  #invocations = 0;
  #isOver = false;

  /** @param run as it is stored with the batch; when it has ended, who expects the records can have them */
  add(batch: StoredBatch, run: Run): void {
    if (this.#isOver) return;
    for (const json of batch.payloads.values()) this.#chars += json.length;
    this.#invocations += batch.inserts.size;
    this.#isOver = this.#chars > CHARS_MAX || this.#invocations > INVOCATIONS_MAX;
    if (this.#isOver) this.#batches = [];
    else this.#batches.push(batch);
    if (!this.#isOver && isTerminal(run.state) && expected.has(run.id)) expected.set(run.id, this.#batches);
  }
}

/** Null: it changes an invocation that it did not begin. */
function joined(batches: readonly StoredBatch[]): RunRecords | null {
  const payloads = new Map<string, string>();
  const invocations = new Map<InvocationId, Invocation>();
  for (const batch of batches) {
    for (const [name, json] of batch.payloads) payloads.set(name, json);
    for (const [id, invocation] of batch.inserts) invocations.set(id, invocation);
    for (const [id, changes] of batch.updates) {
      const invocation = invocations.get(id);
      if (invocation === undefined) return null;
      invocations.set(id, { ...invocation, ...changes });
    }
  }
  return { invocations: [...invocations.values()].sort(byAge), payloads };
}

/** As the store lists them. */
function byAge(left: Invocation, right: Invocation): number {
  if (left.createdAtMs !== right.createdAtMs) return left.createdAtMs - right.createdAtMs;
  return left.id < right.id ? -1 : 1;
}
