// Queued runs that nobody will ever claim, because their pipeline is not declared any more. To find them the whole queue is read, so that is
// done when the pipelines have changed and otherwise seldom: it must not be a cost of every sweep. While the engine is away nothing is claimed, so
// runs whose time is up meanwhile are found here, too.
import type { Pipeline } from '../../core/pipeline.ts';
import type { Run } from '../../core/run.ts';
import { tryOnce } from '../records/persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

/** Sweeps without a change after which the queue is read all the same. */
const SWEEPS = 60;
/** The same while the engine is away. */
const SWEEPS_AWAY = 6;
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
    const isEngineAway = ports.isEngineAway?.() === true;
    if (pipelines === this.#seen && this.#sweeps < (isEngineAway ? SWEEPS_AWAY : SWEEPS)) return [];
    const open = await tryOnce({ ...ports, ...settings }, 'listOpenRuns', (options) =>
      ports.store.listOpenRuns(options),
    );
    this.#seen = pipelines;
    this.#sweeps = 0;
    const youngMs = ports.clock.nowMs() - (settings.isOnlyWorker ? 0 : YOUNG_MS);
    const nowMs = ports.clock.nowMs();
    return open.filter(
      (run) => isStray(run, pipelines, youngMs) || (isEngineAway && run.state !== 'running' && isOver(run, nowMs)),
    );
  }
}

function isStray(run: Run, pipelines: ReadonlyMap<string, Pipeline>, youngMs: number): boolean {
  return run.state === 'queued' && !pipelines.has(run.pipeline) && Math.max(run.createdAtMs, run.readyAtMs) <= youngMs;
}

function isOver({ deadlineAtMs }: Run, nowMs: number): boolean {
  return deadlineAtMs !== null && deadlineAtMs <= nowMs;
}
