// What a run wrote that began and ended in this process. Who waited for its end wants just that, and need not wait for the store again to
// read it. It lives as long as somebody holds the run's last record, and only where it is small: the store has it all.
import type { InvocationId } from '../core/ids.ts';
import type { Invocation } from '../core/invocation.ts';
import type { InvocationChanges } from '../core/ports/store.ts';
import { isTerminal, type Run } from '../core/run.ts';
import type { RunRecords } from '../core/run-records.ts';

const CHARS_MAX = 64 * 1024;
const INVOCATIONS_MAX = 64;

const kept = new WeakMap<Run, RunRecords>();

/** Null: they are to be read from the store. */
export function recordsOf(run: Run): RunRecords | null {
  return kept.get(run) ?? null;
}

/** What was stored together. */
interface StoredBatch {
  readonly payloads: ReadonlyMap<string, string>;
  readonly inserts: ReadonlyMap<InvocationId, Invocation>;
  readonly updates: ReadonlyMap<InvocationId, InvocationChanges>;
}

export class KeptRecords {
  readonly #payloads = new Map<string, string>();
  readonly #invocations = new Map<InvocationId, Invocation>();
  #chars = 0;
  #isOver = false;

  /** @param run as it is stored with the batch; when it has ended, the records are at hand from now on */
  add({ payloads, inserts, updates }: StoredBatch, run: Run): void {
    if (this.#isOver) return;
    for (const [name, json] of payloads) this.#put(name, json);
    for (const [id, invocation] of inserts) this.#invocations.set(id, invocation);
    for (const [id, changes] of updates) this.#change(id, changes);
    if (this.#chars > CHARS_MAX || this.#invocations.size > INVOCATIONS_MAX) this.#end();
    if (isTerminal(run.state)) this.#keepFor(run);
  }

  #keepFor(run: Run): void {
    if (this.#isOver) return;
    const invocations = [...this.#invocations.values()].sort(byAge);
    kept.set(run, { invocations, payloads: this.#payloads });
  }

  #put(name: string, json: string): void {
    this.#chars += json.length - (this.#payloads.get(name)?.length ?? 0);
    this.#payloads.set(name, json);
  }

  #change(id: InvocationId, changes: InvocationChanges): void {
    const invocation = this.#invocations.get(id);
    if (invocation === undefined) this.#end();
    else this.#invocations.set(id, { ...invocation, ...changes });
  }

  #end(): void {
    this.#isOver = true;
    this.#payloads.clear();
    this.#invocations.clear();
  }
}

/** As the store lists them. */
function byAge(left: Invocation, right: Invocation): number {
  if (left.createdAtMs !== right.createdAtMs) return left.createdAtMs - right.createdAtMs;
  return left.id < right.id ? -1 : 1;
}
