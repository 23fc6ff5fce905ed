// Runs that belong to other runs: started through the one door, ended with their parent, told of to it. Whoever ends first, parent or child,
// writes; whoever comes to wait second looks: so none waits for an end that has come, and what a kill keeps from being told, the parent's
// own time to look again and the sweep find. A child whose parent has ended and told nobody is ended by the sweep, too.
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import { failpoint } from '../core/failpoints.ts';
import type { RunId } from '../core/ids.ts';
import type { StoreOptions } from '../core/ports/store.ts';
import { isTerminal, RUN_DEPTH_MAX, type Run } from '../core/run.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { ChildRequest, RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import type { Started, StartRequest } from './start-run.ts';

/** What it needs of the rest of the runs. */
export interface SubRunDoor {
  startRun(request: StartRequest): Promise<Started>;
  requestCancel(runId: RunId): Promise<unknown>;
  /** a run that waited is ready */
  onReady(): void;
}

/** Open children that one sweep looks at; the next one goes on behind them. */
const SWEPT = 50;

export class SubRuns {
  readonly #ports: Pick<RunPorts, 'store' | 'clock' | 'logger'>;
  readonly #settings: Pick<RunSettings, 'storeTimeoutMs'>;
  readonly #door: SubRunDoor;
  readonly #underWay = new Set<Promise<void>>();
  #isSweeping = false;
  /** the last child that the sweep before looked at; null: it begins with the newest */
  #sweptTo: RunId | null = null;

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

  /** Ends children of runs that have ended, where a kill kept that from being done. In the background, one sweep at a time. */
  sweep(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#inBackground(null, async () => {
      await this.#sweep().finally(() => {
        this.#isSweeping = false;
      });
    });
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

  async #sweep(): Promise<void> {
    const page = { limit: SWEPT, ...(this.#sweptTo === null ? {} : { after: this.#sweptTo }) };
    const { items, next } = await this.#once('listRuns', (options) =>
      this.#ports.store.listRuns({ isOpenChild: true }, page, options),
    );
    this.#sweptTo = next;
    const parents = Map.groupBy(
      // One that was asked to end already is its worker's affair.
      items.filter(({ cancelRequestedAtMs }) => cancelRequestedAtMs === null),
      ({ lineage }) => lineage?.runId ?? null,
    );
    for (const [parent, children] of parents) {
      if (parent !== null && (await this.#hasEnded(parent))) for (const { id } of children) await this.#cancel(id);
    }
  }

  /** One that is not stored yet, or not any more, is none of ours: its child has a deadline of its own. */
  async #hasEnded(id: RunId): Promise<boolean> {
    const run = await this.#once('findRun', (options) => this.#ports.store.findRun(id, options));
    return run !== null && isTerminal(run.state);
  }

  async #cancel(child: RunId): Promise<void> {
    failpoint('children-due');
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

  #inBackground<Id extends RunId | null>(id: Id, work: (id: Id) => Promise<void>): void {
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
