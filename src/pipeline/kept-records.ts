// What a run wrote that began and ended in this process. Who waited for its end wants just that, and need not wait for the store again to
// read it. It lives as long as somebody holds the run's last record, and only where it is small: the store has it all.
import type { InvocationId } from '../core/ids.ts';
import type { Invocation } from '../core/invocation.ts';
import type { InvocationChanges } from '../core/ports/store.ts';
import { isTerminal, type Run } from '../core/run.ts';
import type { RunRecords } from '../core/run-records.ts';

const CHARS_MAX = 64 * 1024;
const INVOCATIONS_MAX = 64;

/** What was stored together. */
interface StoredBatch {
  readonly payloads: ReadonlyMap<string, string>;
  readonly inserts: ReadonlyMap<InvocationId, Invocation>;
  readonly updates: ReadonlyMap<InvocationId, InvocationChanges>;
}

/** Put together only when asked for: nobody waits for most runs. */
const kept = new WeakMap<Run, readonly StoredBatch[]>();

/** Null: they are to be read from the store. */
export function recordsOf(run: Run): RunRecords | null {
  const batches = kept.get(run);
  return batches === undefined ? null : joined(batches);
}

export class KeptRecords {
  #batches: StoredBatch[] = [];
  #chars = 0;
  #invocations = 0;
  #isOver = false;

  /** @param run as it is stored with the batch; when it has ended, the records are at hand from now on */
  add(batch: StoredBatch, run: Run): void {
    if (this.#isOver) return;
    for (const json of batch.payloads.values()) this.#chars += json.length;
    this.#invocations += batch.inserts.size;
    this.#isOver = this.#chars > CHARS_MAX || this.#invocations > INVOCATIONS_MAX;
    if (this.#isOver) this.#batches = [];
    else this.#batches.push(batch);
    if (!this.#isOver && isTerminal(run.state)) kept.set(run, this.#batches);
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
