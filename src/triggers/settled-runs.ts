// Waiting for the end of a run: told at once when it ends in this process, found by looking when it ends in another one.
import { raced } from '../core/deadline.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { RunId } from '../core/ids.ts';
import { isTerminal, type Run } from '../core/run.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';

const LOOK_MS = 1_000;

type Teller = PromiseWithResolvers<Run | null>;

export class SettledRuns {
  readonly #ports: Pick<RunPorts, 'store' | 'clock'>;
  readonly #settings: Pick<RunSettings, 'storeTimeoutMs'>;
  readonly #isInFlight: (runId: RunId) => boolean;
  readonly #waiting = new Map<RunId, Set<Teller>>();

  /** @param isInFlight true for a run whose end will be told */
  constructor(
    ports: Pick<RunPorts, 'store' | 'clock'>,
    settings: Pick<RunSettings, 'storeTimeoutMs'>,
    isInFlight: (runId: RunId) => boolean,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#isInFlight = isInFlight;
  }

  /** The run as this process wrote it last: it has ended, or is not in flight here any more. */
  tell(run: Run): void {
    for (const waiter of this.#waiting.get(run.id) ?? []) waiter.resolve(run);
  }

  /**
   * The run once it is in a terminal state. A store that is away is waited for.
   * @throws GantryError RUN_NOT_FOUND, or the signal's reason
   */
  async wait(runId: RunId, signal: AbortSignal): Promise<Run> {
    for (;;) {
      signal.throwIfAborted();
      const told: Teller = Promise.withResolvers();
      const waiters = this.#waiting.get(runId) ?? new Set();
      this.#waiting.set(runId, waiters.add(told));
      try {
        const run = this.#isInFlight(runId) ? await raced(told.promise, signal) : await this.#poll(runId, told, signal);
        if (run !== null && isTerminal(run.state)) return run;
      } finally {
        waiters.delete(told);
        if (waiters.size === 0) this.#waiting.delete(runId);
      }
    }
  }

  /** Looks now, and if the run has not ended waits until it is told or it is time to look again. */
  async #poll(runId: RunId, told: Teller, signal: AbortSignal): Promise<Run | null> {
    const run = await this.#look(runId, signal);
    if (run !== null && isTerminal(run.state)) return run;
    const isOver = new AbortController();
    const rested = this.#ports.clock.sleep(LOOK_MS, isOver.signal).then(
      () => null,
      () => null,
    );
    try {
      return await raced(Promise.race([told.promise, rested]), signal);
    } finally {
      isOver.abort();
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
