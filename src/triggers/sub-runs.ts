// Runs that belong to other runs: started through the one door, ended with their parent, told of to it. Whoever ends first, parent or child,
// writes; whoever comes to wait second looks: so none waits for an end that has come, and what a kill keeps from being told, the parent's
// own time to look again and the sweep find.
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import type { RunId } from '../core/ids.ts';
import type { StoreOptions } from '../core/ports/store.ts';
import { isTerminal, RUN_DEPTH_MAX, type Run } from '../core/run.ts';
import { tryOnce } from '../pipeline/persist.ts';
import type { ChildRequest, RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import type { Started, StartRequest } from './start-run.ts';

/** What it needs of the rest of the runs. */
export interface SubRunDoor {
  startRun(request: StartRequest): Promise<Started>;
  requestCancel(runId: RunId): Promise<unknown>;
  /** a run that waited is ready */
  onReady(): void;
}

export class SubRuns {
  readonly #ports: Pick<RunPorts, 'store' | 'clock' | 'logger'>;
  readonly #settings: Pick<RunSettings, 'storeTimeoutMs'>;
  readonly #door: SubRunDoor;
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    ports: Pick<RunPorts, 'store' | 'clock' | 'logger'>,
    settings: Pick<RunSettings, 'storeTimeoutMs'>,
    door: SubRunDoor,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#door = door;
  }

  /** The run of the hook, started now or before. @throws GantryError SUB_RUN_TOO_DEEP, and what the door throws */
  async start({ parent, hook, pipeline, params, data, deadlineAtMs }: ChildRequest): Promise<Run> {
    const depth = await this.#depthOf(parent);
    if (depth >= RUN_DEPTH_MAX)
      throw new GantryError('SUB_RUN_TOO_DEEP', `${parent.id} is ${String(depth)} runs deep; it can start no other`);
    const idempotencyKey = `run:${parent.id}:${hook}`;
    const { tags, skipTags } = parent;
    const lineage = { kind: 'run', runId: parent.id, hook } as const;
    try {
      const { run } = await this.#door.startRun({
        ...{ pipeline, trigger: 'run', params, data, idempotencyKey, lineage, tags, skipTags, deadlineAtMs },
      });
      return run;
    } catch (error) {
      if (!(error instanceof GantryError && error.code === 'IDEMPOTENCY_CONFLICT')) throw error;
      // The hook began again with other data, after a crash that came before its wait was stored: what runs already is its run.
      const standing = await this.#once('findRunByKey', (options) =>
        this.#ports.store.findRunByKey(pipeline, idempotencyKey, options),
      );
      if (standing?.lineage?.runId !== parent.id) throw error;
      return standing;
    }
  }

  /** A run as this process wrote it last: its parent is woken, its children end with it. */
  tell(run: Run): void {
    if (isTerminal(run.state)) {
      if (run.lineage?.kind === 'run') this.#inBackground(run.lineage.runId, (id) => this.#wake(id));
      for (const child of openChildren(run)) this.#inBackground(child, (id) => this.#cancel(id));
    } else if (run.state === 'waiting') {
      for (const child of openChildren(run)) this.#inBackground(child, (id) => this.#wakeIfEnded(run.id, id));
    }
  }

  /** A run whose parent has ended. */
  abandon(child: RunId): void {
    this.#inBackground(child, (id) => this.#cancel(id));
  }

  /** Resolves when nothing that was told is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #wake(parent: RunId): Promise<void> {
    const readyAtMs = this.#ports.clock.nowMs();
    const isWoken = await this.#once('updateRun', (options) =>
      this.#ports.store.updateRun(parent, { states: ['waiting'] }, { readyAtMs }, options),
    );
    if (isWoken) this.#door.onReady();
  }

  /** The child may have ended just before its parent began to wait. */
  async #wakeIfEnded(parent: RunId, child: RunId): Promise<void> {
    const run = await this.#once('findRun', (options) => this.#ports.store.findRun(child, options));
    if (run === null || isTerminal(run.state)) await this.#wake(parent);
  }

  async #cancel(child: RunId): Promise<void> {
    try {
      await this.#door.requestCancel(child);
    } catch (error) {
      const isOver = error instanceof GantryError && (error.code === 'RUN_FINISHED' || error.code === 'RUN_NOT_FOUND');
      if (!isOver) throw error;
    }
  }

  /** How many runs are above this one. */
  async #depthOf(run: Run): Promise<number> {
    let depth = 1;
    for (let lineage = run.lineage; lineage?.kind === 'run' && depth < RUN_DEPTH_MAX; depth += 1) {
      const { runId } = lineage;
      const parent = await this.#once('findRun', (options) => this.#ports.store.findRun(runId, options));
      lineage = parent?.lineage ?? null;
    }
    return depth;
  }

  #inBackground(id: RunId, work: (id: RunId) => Promise<void>): void {
    const done = work(id)
      .catch((error: unknown) => {
        const fields = { runId: id, cause: messageOf(error) };
        this.#ports.logger.log('warn', 'a run could not be told of another one yet', fields);
      })
      .finally(() => {
        this.#underWay.delete(done);
      });
    this.#underWay.add(done);
  }

  async #once<T>(operation: string, work: (options: StoreOptions) => Promise<T>): Promise<T> {
    return await tryOnce({ ...this.#ports, ...this.#settings }, operation, work);
  }
}

/** Runs that a run started and did not see succeed. */
function openChildren({ hooks }: Run): readonly RunId[] {
  return hooks.flatMap(({ child, state }) => (child === undefined || state === 'succeeded' ? [] : [child]));
}
