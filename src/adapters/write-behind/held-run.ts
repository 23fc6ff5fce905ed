// What the store does not have yet of one run: one record of the run, one of each invocation, the last text of each payload, however often
// they were written. Guards are judged by what is known here; what the store has is changed under a guard of what it was given last.
import type { LogLine } from '../../core/events.ts';
import type { InvocationId } from '../../core/ids.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { InvocationChanges, RunChanges, RunGuard, StoredEvent, StoreWrite } from '../../core/ports/store.ts';
import { isTerminal, type Run } from '../../core/run.ts';
import type { InvocationGuard } from './forwarding-store.ts';

/** Rough memory of a record beside the texts in it. */
const RECORD_BYTES = 1_000;
const EVENT_BYTES = 300;

interface HeldInvocation {
  record: Invocation;
  isStored: boolean;
  changes: InvocationChanges | null;
}

export class HeldRun {
  #run: Run;
  /** as the store has it; null: it has nothing of this run */
  #stored: Run | null;
  #changes: RunChanges | null = null;
  readonly #invocations = new Map<InvocationId, HeldInvocation>();
  #payloads = new Map<string, string>();
  #events: StoredEvent[] = [];
  #lines: LogLine[] = [];
  #bytes: number;

  /** @param isStored true for a run that came from the store */
  constructor(run: Run, isStored: boolean) {
    this.#run = run;
    this.#stored = isStored ? run : null;
    this.#bytes = isStored ? 0 : RECORD_BYTES;
  }

  get run(): Run {
    return this.#run;
  }

  /** True while everything of the run is here. */
  get isWhole(): boolean {
    return this.#stored === null;
  }

  /** True when nobody here will write it any more. */
  get isLeft(): boolean {
    return isTerminal(this.#run.state) || this.#run.state === 'queued' || this.#run.state === 'waiting';
  }

  /** what is not stored yet, roughly */
  get bytes(): number {
    return this.#bytes;
  }

  get events(): readonly StoredEvent[] {
    return this.#events;
  }

  get invocations(): readonly Invocation[] {
    return Array.from(this.#invocations.values(), ({ record }) => record);
  }

  get invocationsByAge(): readonly Invocation[] {
    return this.invocations.toSorted(byAge);
  }

  payload(name: string): string | null {
    return this.#payloads.get(name) ?? null;
  }

  update(guard: RunGuard, changes: RunChanges): boolean {
    const { state, epoch, worker } = this.#run;
    if (!guard.states.includes(state) || (guard.epoch ?? epoch) !== epoch) return false;
    if (guard.worker !== undefined && guard.worker !== worker) return false;
    if (guard.readyAtMs !== undefined && guard.readyAtMs !== this.#run.readyAtMs) return false;
    this.#run = { ...this.#run, ...changes };
    if (this.#stored !== null) {
      this.#bytes += this.#changes === null ? RECORD_BYTES : 0;
      this.#changes = { ...this.#changes, ...changes };
    }
    return true;
  }

  /** False when one with its id is here. */
  addInvocation(record: Invocation): boolean {
    if (this.#invocations.has(record.id)) return false;
    this.#invocations.set(record.id, { record, isStored: false, changes: null });
    this.#bytes += RECORD_BYTES;
    return true;
  }

  /** Null: it is not here. */
  updateInvocation(id: InvocationId, guard: InvocationGuard, changes: InvocationChanges): boolean | null {
    const held = this.#invocations.get(id);
    if (held === undefined) return null;
    if (!guard.states.includes(held.record.state)) return false;
    held.record = { ...held.record, ...changes };
    if (held.isStored) {
      this.#bytes += held.changes === null ? RECORD_BYTES : 0;
      held.changes = { ...held.changes, ...changes };
    }
    return true;
  }

  put(name: string, json: string): true {
    this.#bytes += json.length - (this.#payloads.get(name)?.length ?? 0);
    this.#payloads.set(name, json);
    return true;
  }

  addEvents(events: readonly StoredEvent[]): true {
    this.#events.push(...events);
    this.#bytes += EVENT_BYTES * events.length;
    return true;
  }

  addLines(lines: readonly LogLine[]): true {
    this.#lines.push(...lines);
    for (const { message } of lines) this.#bytes += EVENT_BYTES + message.length;
    return true;
  }

  /** Everything that is to be stored; from now on it counts as stored. The run itself comes last: what it refers to stands before it. */
  take(): StoreWrite[] {
    const { id } = this.#run;
    const chain: StoreWrite[] = [];
    for (const [name, json] of this.#payloads) chain.push({ kind: 'putPayload', runId: id, name, json });
    for (const held of this.#invocations.values()) takeInvocation(held, chain);
    if (this.#events.length > 0) chain.push({ kind: 'appendEvents', events: this.#events });
    if (this.#lines.length > 0) chain.push({ kind: 'appendLogs', lines: this.#lines });
    this.#takeRun(chain);
    this.#payloads = new Map();
    this.#events = [];
    this.#lines = [];
    this.#bytes = 0;
    return chain;
  }

  #takeRun(chain: StoreWrite[]): void {
    const stored = this.#stored;
    if (stored === null) chain.push({ kind: 'insertRun', run: this.#run });
    else if (this.#changes !== null) {
      const guard = { states: [stored.state], epoch: stored.epoch, worker: stored.worker };
      chain.push({ kind: 'updateRun', id: stored.id, guard, changes: this.#changes });
    }
    this.#stored = this.#run;
    this.#changes = null;
  }
}

function takeInvocation(held: HeldInvocation, chain: StoreWrite[]): void {
  if (!held.isStored) chain.push({ kind: 'insertInvocation', invocation: held.record });
  else if (held.changes !== null) {
    const guard = { states: ['pending', 'running'] } as const;
    chain.push({ kind: 'updateInvocation', id: held.record.id, guard, changes: held.changes });
  }
  held.isStored = true;
  held.changes = null;
}

function byAge(left: Invocation, right: Invocation): number {
  if (left.createdAtMs !== right.createdAtMs) return left.createdAtMs - right.createdAtMs;
  return left.id < right.id ? -1 : 1;
}
