// Queued runs that nobody will ever claim, because their pipeline is not declared any more. To find them the whole queue is read, so that is
// done when the pipelines have changed and otherwise seldom: it must not be a cost of every sweep.
import type { Pipeline } from '../core/pipeline.ts';
import type { Run } from '../core/run.ts';
import { tryOnce } from './persist.ts';
import type { RunPorts, RunSettings } from './run-ports.ts';

/** Sweeps without a change after which the queue is read all the same. */
const SWEEPS = 60;
/** Another program on the database may have read a new pipeline before this one has. */
const YOUNG_MS = 300_000;

export class StrayWatch {
  #seen: ReadonlyMap<string, Pipeline> | null = null;
  #sweeps = 0;

  /** @throws GantryError of the store */
  async find(ports: RunPorts, settings: RunSettings): Promise<readonly Run[]> {
    // While plugins are built, a pipeline may be missing for a moment only.
    if (ports.catalog.statuses().some(({ state }) => state === 'building')) return [];
    const pipelines = ports.pipelines();
    this.#sweeps += 1;
    if (pipelines === this.#seen && this.#sweeps < SWEEPS) return [];
    const open = await tryOnce({ ...ports, ...settings }, 'listOpenRuns', (options) =>
      ports.store.listOpenRuns(options),
    );
    this.#seen = pipelines;
    this.#sweeps = 0;
    const youngMs = ports.clock.nowMs() - (settings.isOnlyWorker ? 0 : YOUNG_MS);
    return open.filter(
      (run) =>
        run.state === 'queued' && !pipelines.has(run.pipeline) && Math.max(run.createdAtMs, run.readyAtMs) <= youngMs,
    );
  }
}
