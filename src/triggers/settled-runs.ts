// Waiting for the end of a run: told at once when it ends in this process, found by looking when it ends in another one.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { RunId } from '../core/ids.ts';
import { isTerminal, type Run } from '../core/run.ts';
import { tryOnce } from '../pipeline/persist.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';

const LOOK_MS = 1_000;

export class SettledRuns {
  readonly #ports: Pick<RunPorts, 'store' | 'clock'>;
  readonly #settings: Pick<RunSettings, 'storeTimeoutMs'>;
  readonly #waiting = new Map<RunId, Set<AbortController>>();

  constructor(ports: Pick<RunPorts, 'store' | 'clock'>, settings: Pick<RunSettings, 'storeTimeoutMs'>) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** The run may have ended: whoever waits for it looks now. */
  tell(runId: RunId): void {
    for (const waiter of this.#waiting.get(runId) ?? []) waiter.abort();
  }

  /**
   * The run once it is in a terminal state. A store that is away is waited for.
   * @throws GantryError RUN_NOT_FOUND, or the signal's reason
   */
  async wait(runId: RunId, signal: AbortSignal): Promise<Run> {
    for (;;) {
      signal.throwIfAborted();
      const told = new AbortController();
      const waiters = this.#waiting.get(runId) ?? new Set();
      this.#waiting.set(runId, waiters.add(told));
      try {
        const run = await this.#look(runId, signal);
        if (run !== null && isTerminal(run.state)) return run;
        await this.#ports.clock.sleep(LOOK_MS, AbortSignal.any([told.signal, signal])).catch(() => undefined);
      } finally {
        waiters.delete(told);
        if (waiters.size === 0) this.#waiting.delete(runId);
      }
    }
  }

  async #look(runId: RunId, signal: AbortSignal): Promise<Run | null> {
    let run: Run | null;
    try {
      run = await tryOnce({ ...this.#ports, ...this.#settings, abandon: signal }, 'findRun', (options) =>
        this.#ports.store.findRun(runId, options),
      );
    } catch (error) {
      if (error instanceof GantryError && error.isRetryable) return null;
      throw error;
    }
    if (run === null) throw new GantryError('RUN_NOT_FOUND', `no run has the id ${runId}`);
    return run;
  }
}
