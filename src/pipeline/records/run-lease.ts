// The right to write one run: every write is conditional on (worker, epoch, state running). A write that matches nothing means that
// another holds the run now: the holder of this object stops and drops what it has (I-3: late writers are harmless).
import type { ApprovalDecision, GivenDecision } from '../../core/approval.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import { advanceRun, type Run, type RunState, type Told } from '../../core/run.ts';
import type { RunChanges, StoreOptions, StoreWrite } from '../../core/ports/store.ts';
import { persist, tryOnce } from './persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

/** Thrown to unwind a run that this worker may not write any more; the door takes it for a run that stood already. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

export class RunLease {
  readonly #ports: RunPorts;
  readonly #settings: RunSettings;
  readonly #lost = new AbortController();
  #run: Run;
  #told: Told;
  #onTold: (() => void) | null = null;
  #deadlineMonotonicMs: number;

  constructor(run: Run, ports: RunPorts, settings: RunSettings) {
    this.#run = run;
    this.#told = run;
    this.#ports = ports;
    this.#settings = settings;
    this.#deadlineMonotonicMs = ports.clock.monotonicMs();
  }

  /** The run as last acknowledged by the store. */
  get run(): Run {
    return this.#run;
  }

  /** What others told the run, as last heard. */
  get told(): Told {
    return this.#told;
  }

  /** Until the result is disposed of, `onTold` is called when more is heard. */
  listen(onTold: () => void): Disposable {
    this.#onTold = onTold;
    return {
      [Symbol.dispose]: () => {
        this.#onTold = null;
      },
    };
  }

  /** @param stored the run as somebody read it: what it was told is of any use only while it is ours */
  hear(stored: Run): void {
    const { decisions } = this.#told;
    if (!this.#isOurs(stored) || stored.decisions.length < decisions.length) return;
    this.#told = { decisions: stored.decisions, cancelRequestedAtMs: stored.cancelRequestedAtMs };
    if (stored.decisions.length > decisions.length) this.#onTold?.();
  }

  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Milliseconds until the run's deadline; negative after it. */
  get remainingMs(): number {
    return this.#deadlineMonotonicMs - this.#ports.clock.monotonicMs();
  }

  /** Sets the moment until which writes are worth trying (plus the grace). */
  expireIn(durationMs: number): void {
    this.#deadlineMonotonicMs = this.#ports.clock.monotonicMs() + durationMs;
  }

  /** Ends every write under way and to come with LeaseLost. */
  lose(cause: string): void {
    if (!this.isLost) this.#lost.abort(new LeaseLost(cause));
  }

  /** Tries a store operation until the run's deadline and the grace have passed. */
  async persist<T>(operation: string, write: (store: StoreOptions, isRepeat: boolean) => Promise<T>): Promise<T> {
    const { clock, logger } = this.#ports;
    const { graceMs, storeTimeoutMs } = this.#settings;
    const nowMs = clock.monotonicMs();
    const giveUpAtMs = Math.max(nowMs, this.#deadlineMonotonicMs) + graceMs;
    return await persist({ clock, logger, storeTimeoutMs, giveUpAtMs, abandon: this.#lost.signal }, operation, write);
  }

  /** Writes changes of a run that goes on. @throws LeaseLost, GantryError of the store */
  async note(changes: RunChanges): Promise<Run> {
    return await this.#write({ ...this.#run, ...changes }, changes);
  }

  /** Moves the run to another state. @throws LeaseLost, GantryError of the store, DEFECT for a step outside the table */
  async advance(to: RunState, changes: RunChanges): Promise<Run> {
    return await this.#write(advanceRun(this.#run, to, changes), { ...changes, state: to });
  }

  /**
   * A chain of writes of this run. @param next the run after it; null when the chain does not change it
   * @throws LeaseLost, GantryError of the store
   */
  async writeChain(chain: readonly StoreWrite[], next: Run | null): Promise<void> {
    if (!(await this.#tryChain(chain, next))) this.#unwind();
    if (next !== null) this.#run = next;
  }

  /**
   * A chain whose guard says what the run was told: where there is more, nothing of it is written, and that is heard.
   * @returns whether it was written @throws LeaseLost, GantryError of the store
   */
  async writeUnlessTold(chain: readonly StoreWrite[], next: Run, told: Told): Promise<boolean> {
    const hasWritten = await this.#tryChain(chain, next);
    if (hasWritten) this.#run = next;
    else await this.#hearAgain(told);
    return hasWritten;
  }

  /** Adds a decision of this worker, unless there is one about the hook. @returns the one that stands @throws LeaseLost, GantryError of the store */
  async decide(given: GivenDecision): Promise<ApprovalDecision> {
    const { id, epoch, worker } = this.#run;
    for (;;) {
      const told = this.#told;
      const standing = told.decisions.find(({ hook }) => hook === given.hook);
      if (standing !== undefined) return standing.decided;
      const decisions = [...told.decisions, given];
      const guard = { states: ['running'], epoch, worker, told } as const;
      const isMade = await this.persist('updateRun', (options) =>
        this.#ports.store.updateRun(id, guard, { decisions }, options),
      );
      if (isMade) this.#told = { ...told, decisions };
      else await this.#hearAgain(told);
    }
  }

  /**
   * The chain that makes the run: tried once, so that the door can answer. When its fate is unknown, recovery finds the run if it is there.
   * @throws LeaseLost when another run stands in its place, GantryError of the store
   */
  async writeNew(chain: readonly StoreWrite[], run: Run): Promise<void> {
    const options = { ...this.#ports, ...this.#settings, abandon: this.#lost.signal };
    const [isMade] = await tryOnce(options, 'insertRun', (store) => this.#ports.store.writeAll([chain], store));
    if (isMade !== true) {
      this.lose(`another run stands in the place of ${run.id}`);
      throw this.#lost.signal.reason;
    }
    this.#run = run;
  }

  async #tryChain(chain: readonly StoreWrite[], next: Run | null): Promise<boolean> {
    let isHeld = true;
    return await this.persist('writeAll', async (options, isRepeat) => {
      if (!isRepeat) return (await this.#ports.store.writeAll([chain], options))[0] === true;
      // An earlier try may have been applied, as a whole or in part: each write is looked at by itself.
      for (const write of chain) isHeld &&= await this.#writeAgain(write, next, options);
      return isHeld;
    });
  }

  /**
   * A guard with `asked` did not hold: the run was told more, which may have been heard meanwhile, or it is not ours.
   * @throws LeaseLost, GantryError of the store
   */
  async #hearAgain(asked: Told): Promise<void> {
    const { id } = this.#run;
    const stored = await this.persist('findRun', (options) => this.#ports.store.findRun(id, options));
    if (stored === null || !this.#isOurs(stored)) this.#unwind();
    this.hear(stored);
    const { decisions, cancelRequestedAtMs } = this.#told;
    if (decisions.length === asked.decisions.length && cancelRequestedAtMs === asked.cancelRequestedAtMs)
      throw new GantryError('DEFECT', `the run ${id} refuses what its worker writes, and was told nothing`);
  }

  #isOurs({ state, epoch, worker }: Run): boolean {
    return state === 'running' && epoch === this.#run.epoch && worker === this.#run.worker;
  }

  #unwind(): never {
    this.lose(`run ${this.#run.id} is not held by this worker at epoch ${String(this.#run.epoch)}`);
    throw this.#lost.signal.reason;
  }

  /** False: another holds the run now. */
  async #writeAgain(write: StoreWrite, next: Run | null, options: StoreOptions): Promise<boolean> {
    const [isApplied] = await this.#ports.store.writeAll([[write]], options);
    if (isApplied === true || write.kind !== 'updateRun') return true;
    return next !== null && (await this.#isApplied(next, options));
  }

  async #write(next: Run, changes: RunChanges): Promise<Run> {
    const { id, epoch, worker } = this.#run;
    const hasWritten = await this.persist('updateRun', async (store, isRepeat) => {
      const guard = { states: ['running'], epoch, worker } as const;
      if (await this.#ports.store.updateRun(id, guard, changes, store)) return true;
      return isRepeat && (await this.#isApplied(next, store));
    });
    if (!hasWritten) this.#unwind();
    this.#run = next;
    return next;
  }

  /** True when an earlier try, whose answer was lost, did move the run. */
  async #isApplied(next: Run, store: StoreOptions): Promise<boolean> {
    const stored = await this.#ports.store.findRun(next.id, store);
    if (stored === null) throw new GantryError('DEFECT', `run ${next.id} is gone from the store`);
    return stored.state === next.state && stored.epoch === next.epoch && stored.finishedAtMs === next.finishedAtMs;
  }
}
