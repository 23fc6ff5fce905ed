// Where programs share the queue, a worker whose engine stays away gives back the runs that only wait for it: they go into the queue as at a
// drain, with their epoch and without a loss, and whoever has an engine takes them up. It claims none meanwhile (run-loop). Runs with a plugin
// at work stay: what becomes of it is known when the engine is back, or when its time is up.
import type { RunExecution } from '../execute-run.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

/** An engine that is restarted is back sooner. */
const PATIENCE_MS = 5_000;

export class GiveBack {
  readonly #ports: Pick<RunPorts, 'clock' | 'logger' | 'isEngineAway'>;
  readonly #settings: Pick<RunSettings, 'isOnlyWorker'>;
  /** monotonic milliseconds; null: the engine is there */
  #awaySinceMs: number | null = null;

  constructor(ports: Pick<RunPorts, 'clock' | 'logger' | 'isEngineAway'>, settings: Pick<RunSettings, 'isOnlyWorker'>) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** To be called again and again, about every second. */
  look(executions: Iterable<RunExecution>): void {
    const { clock, logger, isEngineAway } = this.#ports;
    if (this.#settings.isOnlyWorker || isEngineAway?.() !== true) {
      this.#awaySinceMs = null;
      return;
    }
    const nowMs = clock.monotonicMs();
    this.#awaySinceMs ??= nowMs;
    if (nowMs - this.#awaySinceMs < PATIENCE_MS) return;
    const waiting = [...executions].filter(({ isWaiting, stop }) => isWaiting && stop.reason === null);
    if (waiting.length === 0) return;
    logger.log('warn', 'runs are given back to the queue: the engine is away', { count: waiting.length });
    for (const { stop } of waiting) stop.stop('draining');
  }
}
