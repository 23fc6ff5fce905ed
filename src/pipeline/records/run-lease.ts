// The right to write one run: every write is conditional on (worker, epoch, state running). A write that matches nothing means that
// another holds the run now: the holder of this object stops and drops what it has (I-3: late writers are harmless).
import { GantryError } from '../../core/errors/gantry-error.ts';
import { advanceRun, type Run, type RunState } from '../../core/run.ts';
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
  #deadlineMonotonicMs: number;

  constructor(run: Run, ports: RunPorts, settings: RunSettings) {
    this.#run = run;
    this.#ports = ports;
    this.#settings = settings;
    this.#deadlineMonotonicMs = ports.clock.monotonicMs();
  }

  /** The run as last acknowledged by the store. */
  get run(): Run {
    return this.#run;
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
    let isHeld = true;
    const hasWritten = await this.persist('writeAll', async (options, isRepeat) => {
      if (!isRepeat) return (await this.#ports.store.writeAll([chain], options))[0] === true;
      // An earlier try may have been applied, as a whole or in part: each write is looked at by itself.
      for (const write of chain) isHeld &&= await this.#writeAgain(write, next, options);
      return isHeld;
    });
    if (!hasWritten) {
      this.lose(`run ${this.#run.id} is not held by this worker at epoch ${String(this.#run.epoch)}`);
      throw this.#lost.signal.reason;
    }
    if (next !== null) this.#run = next;
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
    if (!hasWritten) {
      this.lose(`run ${id} is not held by this worker at epoch ${String(epoch)}`);
      throw this.#lost.signal.reason;
    }
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
