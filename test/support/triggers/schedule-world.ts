// Schedules over the memory store, a clock that the test moves, and a door that stores runs as ended unless told otherwise. Processes can be
// started and killed: a killed one's calls never come back, wherever it stood.
import { CronerTimes } from '../../../src/adapters/croner/croner-cron.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import type { Pipeline } from '../../../src/core/pipeline.ts';
import type { ScheduleSpec } from '../../../src/core/pipeline-trigger.ts';
import type { Run, RunState } from '../../../src/core/run.ts';
import type { StartRequest, Started } from '../../../src/triggers/start-run.ts';
import { DeclaredSchedules } from '../../../src/triggers/declared-schedules.ts';
import { ScheduleLoop } from '../../../src/triggers/schedule-loop.ts';
import { Schedules } from '../../../src/triggers/schedules.ts';
import { FakeClock } from '../clock/fake-clock.ts';
import { makePipeline } from '../pipeline/run-world.ts';
import { buildRun, newWorkerId, patient } from '../store/build-records.ts';
import { MemoryStore } from '../store/memory-store.ts';

export function makeSchedule(changes: Partial<ScheduleSpec> = {}): ScheduleSpec {
  const common = { name: 'nightly', params: {}, tags: [], skipTags: [] };
  return {
    kind: 'schedule',
    cron: '* * * * *',
    timezone: 'UTC',
    catchUp: 'latest',
    overlap: 'skip',
    ...common,
    ...changes,
  };
}

export interface ScheduleProcess {
  /** From now on nothing it does comes about, and nothing comes back to it. */
  kill(): void;
  /** Dies at the n-th call of store or door from now on, before it is made. */
  killAfter(calls: number): void;
  /** Ends when it has ended, or has died of it. */
  stop(): Promise<void>;
}

export class ScheduleWorld {
  readonly clock: FakeClock;
  readonly store = new MemoryStore();
  readonly events: DomainEvent[] = [];
  readonly started: StartRequest[] = [];
  /** what the next starts throw, one each */
  readonly refusals: GantryError[] = [];
  /** state of the runs that are started */
  startsAs: RunState = 'succeeded';
  readonly schedules: Schedules;
  readonly #declared: DeclaredSchedules;
  readonly #loops = new Set<ScheduleLoop>();
  #pipelines: ReadonlyMap<string, Pipeline> = new Map();

  constructor(specs: readonly ScheduleSpec[], startMs = Date.UTC(2026, 0, 1)) {
    this.clock = new FakeClock(startMs);
    this.declare(specs);
    this.#declared = new DeclaredSchedules(new CronerTimes(), () => this.#pipelines);
    const ports = {
      clock: this.clock,
      store: this.store,
      events: { emit: (event: DomainEvent) => this.events.push(event) },
    };
    const onChange = (): void => {
      this.wake();
    };
    this.schedules = new Schedules({ ...ports, declared: this.#declared, onChange }, { storeTimeoutMs: 2_000 });
  }

  declare(specs: readonly ScheduleSpec[]): void {
    this.#pipelines = new Map([['default', makePipeline({ triggers: specs })]]);
  }

  wake(): void {
    for (const loop of this.#loops) loop.wake();
  }

  start(isOnlyWorker = true): ScheduleProcess {
    const life = { isOver: false, callsLeft: Infinity };
    const isOver = (): boolean => life.isOver;
    const died = Promise.withResolvers<undefined>();
    const die = (): void => {
      life.isOver = true;
      died.resolve(undefined);
    };
    const forever = (): Promise<never> => new Promise(() => undefined);
    const alive = async <T>(work: () => Promise<T>): Promise<T> => {
      life.callsLeft -= 1;
      if (life.callsLeft < 0) die();
      return await (isOver() ? forever() : work().then((value) => (isOver() ? forever() : value)));
    };
    const { schedules } = this.store;
    const loop = new ScheduleLoop(
      {
        clock: this.clock,
        events: { emit: (event) => life.isOver || this.events.push(event) },
        logger: { log: () => undefined },
        onListed: (records) => {
          this.schedules.remember(records);
        },
        declared: this.#declared,
        store: {
          schedules: {
            list: (options) => alive(() => schedules.list(options)),
            find: (id, options) => alive(() => schedules.find(id, options)),
            insert: (record, options) => alive(() => schedules.insert(record, options)),
            replace: (record, options) => alive(() => schedules.replace(record, options)),
            remove: (id, revision, options) => alive(() => schedules.remove(id, revision, options)),
          },
          findRun: (id, options) => alive(() => this.store.findRun(id, options)),
          findRunByKey: (pipeline, key, options) => alive(() => this.store.findRunByKey(pipeline, key, options)),
        },
        runs: {
          startRun: (request) => alive(() => this.#startRun(request)),
          requestCancel: (id) => alive(() => this.end(id, 'cancelled')),
        },
      },
      { workerId: newWorkerId(), isOnlyWorker, storeTimeoutMs: 2_000 },
    );
    this.#loops.add(loop);
    loop.start();
    const kill = (): void => {
      die();
      this.#loops.delete(loop);
      void loop[Symbol.asyncDispose]();
    };
    return {
      kill,
      killAfter: (calls) => {
        life.callsLeft = calls;
      },
      stop: async () => {
        this.#loops.delete(loop);
        await Promise.race([loop[Symbol.asyncDispose](), died.promise]);
      },
    };
  }

  /** Ticks for which a run stands, in the order of their start, as `HH:MM:SS`. */
  fired(): string[] {
    return this.started.map(({ data }) => (data as { scheduledAt: string }).scheduledAt.slice(11, 19));
  }

  /** What was told, as `kind` or `kind count`. */
  told(): string[] {
    return this.events.flatMap((event) => {
      if (!event.kind.startsWith('schedule')) return [];
      return [event.kind === 'scheduleMissed' ? `${event.kind} ${String(event.count)}` : event.kind];
    });
  }

  async end(id: Run['id'], state: RunState): Promise<Run> {
    await this.store.updateRun(id, { states: ['queued', 'running', 'waiting'] }, { state }, patient());
    const run = await this.store.findRun(id, patient());
    if (run === null) throw new GantryError('RUN_NOT_FOUND', `There is no run ${id}.`);
    return run;
  }

  async lastRun(): Promise<Run> {
    const { items } = await this.store.listRuns({}, { limit: 1 }, patient());
    if (items[0] === undefined) throw new Error('no run was started');
    return items[0];
  }

  async #startRun(request: StartRequest): Promise<Started> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    const { pipeline, trigger, params, idempotencyKey = null, source = null } = request;
    const run = buildRun({ pipeline, trigger, params, idempotencyKey, source, state: this.startsAs });
    const inserted = await this.store.insertRun(run, patient());
    if (inserted.kind === 'exists') return { run: inserted.run, isRepeat: true };
    this.started.push(request);
    return { run, isRepeat: false };
  }
}
