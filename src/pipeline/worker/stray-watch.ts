// Runs that nobody will ever claim, because their pipeline is not declared any more: queued ones, and waiting ones once their time has come.
// They are looked for by the names of the pipelines that have runs, when the pipelines have changed and otherwise seldom: it must not be a
// cost of every sweep. While the engine is away nothing is claimed, so runs whose time is up meanwhile are found here, too.
import type { Pipeline } from '../../core/pipeline.ts';
import type { Run } from '../../core/run.ts';
import { walkRuns } from '../../core/walk-runs.ts';
import { tryOnce } from '../records/persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

/** Sweeps without a change after which it is looked all the same. */
const SWEEPS = 60;
/** The same while the engine is away. */
const SWEEPS_AWAY = 6;
/** Another program on the database may have read a new pipeline before this one has. */
const YOUNG_MS = 300_000;
/** Found in one look; where there are more, the next sweep looks again. */
const FOUND_MAX = 500;
const BATCH_NAMES = 100;

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
    const found: Run[] = [];
    await findUnclaimed(found, ports, settings);
    if (isEngineAway) await findOverdue(found, ports, settings);
    this.#seen = found.length < FOUND_MAX ? pipelines : null;
    this.#sweeps = 0;
    return found;
  }
}

async function findUnclaimed(found: Run[], ports: RunPorts, settings: RunSettings): Promise<void> {
  const youngMs = ports.clock.nowMs() - (settings.isOnlyWorker ? 0 : YOUNG_MS);
  for await (const name of undeclared(ports, settings)) {
    // What waits is ready at a later time than it was made.
    await collect(
      found,
      resting(ports, settings, name),
      ({ createdAtMs, readyAtMs }) => Math.max(createdAtMs, readyAtMs) <= youngMs,
    );
    if (found.length >= FOUND_MAX) return;
  }
}

async function findOverdue(found: Run[], ports: RunPorts, settings: RunSettings): Promise<void> {
  const nowMs = ports.clock.nowMs();
  const pipelines = ports.pipelines();
  await collect(
    found,
    resting(ports, settings),
    ({ pipeline, deadlineAtMs }) => pipelines.has(pipeline) && deadlineAtMs !== null && deadlineAtMs <= nowMs,
  );
}

/** Names of pipelines that have runs and are not declared. */
async function* undeclared(ports: RunPorts, settings: RunSettings): AsyncGenerator<string> {
  const pipelines = ports.pipelines();
  for (let after: string | null = null; ;) {
    const from: string | null = after;
    const names: readonly string[] = await tryOnce({ ...ports, ...settings }, 'listNames', (options) =>
      ports.store.retention.listNames('runs', from, BATCH_NAMES, options),
    );
    yield* names.filter((name) => !pipelines.has(name));
    after = names.at(-1) ?? null;
    if (after === null || names.length < BATCH_NAMES) return;
  }
}

/** Runs without a worker, of one pipeline or of all. */
function resting(ports: RunPorts, settings: RunSettings, pipeline?: string): AsyncGenerator<Run> {
  const filter = { states: ['queued', 'waiting'], ...(pipeline === undefined ? {} : { pipeline }) } as const;
  return walkRuns((page) =>
    tryOnce({ ...ports, ...settings }, 'listRuns', (options) => ports.store.listRuns(filter, page, options)),
  );
}

async function collect(found: Run[], runs: AsyncGenerator<Run>, isWanted: (run: Run) => boolean): Promise<void> {
  for await (const run of runs) {
    if (found.length >= FOUND_MAX) return;
    if (isWanted(run)) found.push(run);
  }
}
