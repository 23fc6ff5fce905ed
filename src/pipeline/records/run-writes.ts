// What a run in flight is to store next, gathered until something depends on it, then written as one chain and awaited once: before an input
// is delivered, and at the end. So the end of one hook and the start of the next one are one write to the store.
//   in a chain: payloads → ends of invocations → the run, under its guard → starts of invocations → events
// What stands before the run may be there without it after a crash, never the other way round; a lost lease starts nothing (I-3).
import type { RunEvent } from '../../core/events.ts';
import { failpoint } from '../../core/failpoints.ts';
import type { InvocationId } from '../../core/ids.ts';
import type { Invocation } from '../../core/invocation.ts';
import type { JsonValue } from '../../core/json.ts';
import type { InvocationChanges, RunChanges, StoredEvent, StoreWrite } from '../../core/ports/store.ts';
import { advanceRun, INPUT_PAYLOAD, type Run, type RunState, type Told } from '../../core/run.ts';
import { KeptRecords } from './kept-records.ts';
import type { RunJournal } from './run-journal.ts';
import type { RunLease } from './run-lease.ts';

/** A run that is not stored yet: its first batch makes it. */
export interface FreshRun {
  /** as it would have been queued */
  readonly queued: Run;
  /** the text of its input; null: none */
  readonly input: string | null;
  /** its input, or an empty object; nothing changes it any more */
  readonly data: JsonValue;
  /** its caller waits for its end: the acceptance need not be told at once */
  readonly isAwaited: boolean;
}

interface Making extends FreshRun {
  readonly accepted: PromiseWithResolvers<Run>;
}

interface Batch {
  /** of the batch that makes the run */
  readonly accepted: PromiseWithResolvers<Run> | null;
  readonly payloads: Map<string, string>;
  readonly inserts: Map<InvocationId, Invocation>;
  readonly updates: Map<InvocationId, InvocationChanges>;
  changes: RunChanges | null;
  next: Run | null;
  readonly stored: StoredEvent[];
  readonly untold: RunEvent[];
  done: Promise<void> | null;
}

export class RunWrites {
  readonly #lease: RunLease;
  readonly #journal: RunJournal;
  #batch: Batch;
  #underWay: Promise<void> | null = null;
  readonly #begun = new Set<InvocationId>();
  /** the run as it will be when all that was gathered is written, also what is on its way to the store; null: nothing changes it */
  #planned: Run | null = null;
  /** null: there is more of the run than this wrote */
  #kept: KeptRecords | null;

  /** @param making of a run that is not stored yet: its first batch makes it, and settles `accepted` when it has */
  constructor(lease: RunLease, journal: RunJournal, making: Making | null = null) {
    this.#lease = lease;
    this.#journal = journal;
    this.#batch = newBatch(making?.accepted ?? null);
    this.#kept = making === null ? null : new KeptRecords();
    if (making === null) return;
    if (making.input !== null) this.put(INPUT_PAYLOAD, making.input);
    this.tell({ kind: 'runQueued', run: making.queued });
  }

  put(name: string, json: string): void {
    this.#batch.payloads.set(name, json);
  }

  /** True while a plugin of the run may have its input and has not come to an end that is known. */
  get isAtWork(): boolean {
    return this.#begun.size > 0;
  }

  insertInvocation(invocation: Invocation): void {
    this.#follow(invocation.id, invocation);
    this.#batch.inserts.set(invocation.id, invocation);
  }

  updateInvocation(id: InvocationId, changes: InvocationChanges): void {
    this.#follow(id, changes);
    const { inserts, updates } = this.#batch;
    const insert = inserts.get(id);
    if (insert === undefined) updates.set(id, { ...updates.get(id), ...changes });
    else inserts.set(id, { ...insert, ...changes });
  }

  /** Changes a run that goes on. */
  note(changes: RunChanges): void {
    const batch = this.#batch;
    batch.changes = { ...batch.changes, ...changes };
    this.#planned = { ...this.planned, ...changes };
    batch.next = this.#planned;
  }

  /** Moves the run to another state. @returns the run as it will be @throws GantryError DEFECT for a step outside the table */
  advance(to: RunState, changes: RunChanges): Run {
    const next = advanceRun(this.planned, to, changes);
    this.note({ ...changes, state: to });
    return next;
  }

  /** An event of what is to be written: stored with it, told after it (I-4). */
  tell(event: RunEvent): void {
    this.#batch.stored.push(this.#journal.number(event));
    this.#batch.untold.push(event);
  }

  /** An event of what is stored already. */
  told(event: RunEvent): void {
    this.#batch.stored.push(this.#journal.number(event));
    this.#journal.emit(event);
  }

  /**
   * Everything gathered is stored, then the run is let go to wait, unless it was told more than `told`.
   * @returns false when it was told something: it is still ours @throws LeaseLost, GantryError of the store
   */
  async suspend(changes: RunChanges, told: Told): Promise<boolean> {
    await this.commit();
    const { id, epoch, worker } = this.#lease.run;
    const run = advanceRun(this.planned, 'waiting', changes);
    const event: RunEvent = { kind: 'runSuspended', run };
    const guard = { states: ['running'], epoch, worker, told } as const;
    const chain: StoreWrite[] = [
      { kind: 'updateRun', id, guard, changes: { ...changes, state: 'waiting' } },
      { kind: 'appendEvents', events: [this.#journal.number(event)] },
    ];
    if (!(await this.#lease.writeUnlessTold(chain, run, told))) return false;
    failpoint('batch-stored');
    this.#journal.emit(event);
    return true;
  }

  /** Resolves when everything gathered so far is stored and told. @throws LeaseLost, GantryError of the store */
  commit(): Promise<void> {
    const batch = this.#batch;
    batch.done ??= this.#write(batch);
    return batch.done;
  }

  /** True for a new run until it is on its way to the store. */
  get isUnmade(): boolean {
    return this.#batch.accepted !== null && this.#batch.done === null;
  }

  /** Makes the run, unless it is made or being made already. Whoever waits for the run hears of a failure. */
  makeRun(): void {
    if (this.isUnmade) this.commit().catch(() => undefined);
  }

  /** Forgets what is not written: the run is settled in another way. */
  drop(): void {
    this.#kept = null;
    this.#batch = newBatch();
    this.#planned = null;
  }

  /** The run as it will be when what is gathered is written. */
  get planned(): Run {
    return this.#planned ?? this.#lease.run;
  }

  #follow(id: InvocationId, { state, outcome }: InvocationChanges): void {
    if (state === 'running') this.#begun.add(id);
    // Of one that was cut short nobody knows what it did.
    else if (state !== undefined && outcome?.code !== 'lost' && outcome?.code !== 'cancelled') this.#begun.delete(id);
  }

  async #write(batch: Batch): Promise<void> {
    while (this.#underWay !== null) await this.#underWay;
    if (this.#batch === batch) this.#batch = newBatch();
    const work = this.#store(batch);
    this.#underWay = work
      .catch(() => undefined)
      .finally(() => {
        this.#underWay = null;
      });
    await work;
  }

  async #store(batch: Batch): Promise<void> {
    const chain = this.#chainOf(batch);
    if (batch.accepted !== null) await this.#make(batch, batch.accepted, chain);
    else if (chain.length > 0) await this.#lease.writeChain(chain, batch.next);
    failpoint('batch-stored');
    this.#kept?.add(batch, this.#lease.run);
    for (const event of batch.untold) this.#journal.emit(event);
    batch.accepted?.resolve(this.#lease.run);
  }

  /** Whoever waits at the door hears of a failure at once: what the run does next would wait for the store. */
  async #make(batch: Batch, accepted: PromiseWithResolvers<Run>, chain: readonly StoreWrite[]): Promise<void> {
    try {
      await this.#lease.writeNew(chain, this.#madeBy(batch));
    } catch (error) {
      accepted.reject(error);
      this.#lease.lose(`run ${this.#lease.run.id} could not be stored`);
      throw error;
    }
  }

  #madeBy(batch: Batch): Run {
    return batch.next ?? this.#lease.run;
  }

  #chainOf(batch: Batch): StoreWrite[] {
    const { id: runId, epoch, worker } = this.#lease.run;
    const chain: StoreWrite[] = [];
    for (const [name, json] of batch.payloads) chain.push({ kind: 'putPayload', runId, name, json });
    const [starts, ends] = updatesOf(batch);
    chain.push(...ends);
    if (batch.accepted !== null) chain.push({ kind: 'insertRun', run: this.#madeBy(batch) });
    else if (batch.changes !== null || starts.length + batch.inserts.size > 0) {
      // Also with nothing to change: its guard keeps a plugin from being started under a lost lease.
      const ours = { states: ['running'], epoch, worker } as const;
      chain.push({ kind: 'updateRun', id: runId, guard: ours, changes: batch.changes ?? {} });
    }
    chain.push(...starts);
    for (const invocation of batch.inserts.values()) chain.push({ kind: 'insertInvocation', invocation });
    if (batch.stored.length > 0) chain.push({ kind: 'appendEvents', events: batch.stored });
    return chain;
  }
}

function updatesOf({ updates }: Batch): readonly [starts: readonly StoreWrite[], ends: readonly StoreWrite[]] {
  const [starts, ends]: [StoreWrite[], StoreWrite[]] = [[], []];
  const guard = { states: ['pending', 'running'] } as const;
  for (const [id, changes] of updates) {
    const write = { kind: 'updateInvocation', id, guard, changes } as const;
    if (changes.state === 'running') starts.push(write);
    else ends.push(write);
  }
  return [starts, ends];
}

function newBatch(accepted: Batch['accepted'] = null): Batch {
  return {
    accepted,
    payloads: new Map(),
    inserts: new Map(),
    updates: new Map(),
    changes: null,
    next: null,
    stored: [],
    untold: [],
    done: null,
  };
}
