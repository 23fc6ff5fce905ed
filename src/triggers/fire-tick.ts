// One look at one schedule. A tick is first taken by a conditional write, then its run is started under a key made of schedule and tick, then
// the run is noted: of several processes one takes it, and whoever goes on after a crash in between starts no second run.
//   due → (given up | skipped) | taken → run started → noted
import { GantryError } from '../core/errors/gantry-error.ts';
import type { SystemEvent } from '../core/events.ts';
import type { RunId } from '../core/ids.ts';
import type { ScheduleRecord, ScheduleStore } from '../core/ports/schedule-store.ts';
import type { StoreOptions } from '../core/ports/store.ts';
import { isTerminal, type Run } from '../core/run.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import type { Runs } from './create-runs.ts';
import { begun, newRecord, timingOf, type DeclaredSchedule } from './declared-schedules.ts';
import { planTicks } from './plan-ticks.ts';

/** Who has taken a tick and has not started its run within this time is not waited for any longer. */
const TAKEN_FOR_MS = 30_000;
/** How often it is looked whether the run of the tick before has ended, where that is waited for. */
const OVERLAP_LOOK_MS = 1_000;
/** When a start was refused that may be accepted later. */
const REFUSED_PAUSE_MS = 2_000;
/** A pause or another process may come between a reading and the writing; more often in a row is a defect. */
const NOTE_TRIES_MAX = 20;

export type FirePorts = Pick<RunPorts, 'clock' | 'events'> & {
  readonly store: Pick<RunPorts['store'], 'schedules' | 'findRun' | 'findRunByKey'>;
  readonly runs: Pick<Runs, 'startRun' | 'requestCancel'>;
};
export type FireSettings = Pick<RunSettings, 'workerId' | 'isOnlyWorker' | 'storeTimeoutMs'>;

export class TickFirer {
  readonly #ports: FirePorts;
  readonly #settings: FireSettings;

  constructor(ports: FirePorts, settings: FireSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /**
   * Does what is to be done now.
   * @param stored null: it is not known yet
   * @returns when to look again, unix milliseconds; null: there is no tick any more, or it is paused
   * @throws GantryError of the store; what was begun is gone on with at the next look
   */
  async look(schedule: DeclaredSchedule, stored: ScheduleRecord | null): Promise<number | null> {
    const nowMs = this.#ports.clock.wallMs();
    if (stored === null) {
      const record = newRecord(schedule, nowMs);
      return (await this.#write('insertSchedule', (store, options) => store.insert(record, options)))
        ? record.nextAtMs
        : nowMs;
    }
    if (stored.startingAtMs !== null) return await this.#goOn(schedule, stored, stored.startingAtMs);
    if (stored.pausedAtMs !== null) return null;
    if (stored.timing !== timingOf(schedule.spec)) {
      const changed = await this.#replace(stored, begun(schedule, nowMs));
      return changed?.nextAtMs ?? nowMs;
    }
    if (stored.nextAtMs === null || stored.nextAtMs > nowMs) return stored.nextAtMs;
    return await this.#decide(schedule, stored, stored.nextAtMs);
  }

  async #decide(schedule: DeclaredSchedule, stored: ScheduleRecord, dueAtMs: number): Promise<number | null> {
    const { clock } = this.#ports;
    const { spec, times } = schedule;
    const nowMs = clock.wallMs();
    const plan = planTicks(times, spec.catchUp, dueAtMs, nowMs);
    const { fireAtMs: tickAtMs, decidedAtMs, nextAtMs, missed } = plan;
    const decided = { decidedAtMs, nextAtMs };
    const before = tickAtMs === null || spec.overlap !== 'skip' ? null : await this.#runBefore(stored);
    if (tickAtMs === null || before !== null) {
      if ((await this.#replace(stored, decided)) === null) return nowMs;
      this.#tellMissed(schedule, missed, null);
      if (tickAtMs !== null && before !== null)
        this.#tell({ kind: 'scheduleSkipped', ...named(schedule), tickAtMs, runId: before.id });
      return nextAtMs;
    }
    const { workerId } = this.#settings;
    const taking = { startingAtMs: tickAtMs, startingBy: workerId, startingSinceMs: nowMs };
    const taken = await this.#replace(stored, { ...decided, ...taking });
    if (taken === null) return nowMs;
    this.#tellMissed(schedule, missed, null);
    return await this.#start(schedule, taken, tickAtMs);
  }

  /** A tick that was taken before: by us, or by one who did not go on with it. */
  async #goOn(schedule: DeclaredSchedule, stored: ScheduleRecord, tickAtMs: number): Promise<number | null> {
    const { workerId, isOnlyWorker } = this.#settings;
    const nowMs = this.#ports.clock.wallMs();
    if (stored.startingBy === workerId) return await this.#start(schedule, stored, tickAtMs);
    const leftAtMs = (stored.startingSinceMs ?? 0) + TAKEN_FOR_MS;
    if (!isOnlyWorker && nowMs < leftAtMs) return leftAtMs;
    const taken = await this.#replace(stored, { startingBy: workerId, startingSinceMs: nowMs });
    return taken === null ? nowMs : await this.#start(schedule, taken, tickAtMs);
  }

  async #start(schedule: DeclaredSchedule, record: ScheduleRecord, tickAtMs: number): Promise<number | null> {
    const { clock, runs } = this.#ports;
    const before = schedule.spec.overlap === 'skip' ? null : await this.#runBefore(record);
    if (before !== null && schedule.spec.overlap === 'queue') return await this.#waitFor(schedule, record);
    if (before !== null) await runs.requestCancel(before.id).catch(ignoreEnded);
    const started = await this.#startRun(schedule, tickAtMs);
    if (started === 'later') return clock.wallMs() + REFUSED_PAUSE_MS;
    const noted = await this.#note(record, started.runId === null ? {} : { tickAtMs, runId: started.runId });
    if (noted === null) return clock.wallMs();
    if (started.runId === null) this.#tellMissed(schedule, 1, started.code);
    else {
      const lateMs = Math.max(0, clock.wallMs() - tickAtMs);
      this.#tell({ kind: 'scheduleFired', ...named(schedule), tickAtMs, lateMs, runId: started.runId });
    }
    return noted.pausedAtMs === null ? noted.nextAtMs : null;
  }

  /** The tick is in turn when the run before has ended; it is given up when the schedule is paused until then. */
  async #waitFor(schedule: DeclaredSchedule, record: ScheduleRecord): Promise<number | null> {
    const { clock } = this.#ports;
    if (record.pausedAtMs === null) return clock.wallMs() + OVERLAP_LOOK_MS;
    const noted = await this.#note(record, {});
    if (noted === null) return clock.wallMs();
    this.#tellMissed(schedule, 1, null);
    return noted.pausedAtMs === null ? noted.nextAtMs : null;
  }

  /** `later`: refused for now. A null id: refused for good, by the code. */
  async #startRun(
    { pipeline, spec }: DeclaredSchedule,
    tickAtMs: number,
  ): Promise<'later' | { readonly runId: RunId | null; readonly code: string | null }> {
    const scheduledAt = new Date(tickAtMs).toISOString();
    const idempotencyKey = `schedule/${spec.name}/${scheduledAt}`;
    const { params, tags, skipTags, name: source } = spec;
    const data = { schedule: source, scheduledAt };
    const request = { pipeline, trigger: 'schedule', source, params, data, tags, skipTags, idempotencyKey } as const;
    try {
      const { run } = await this.#ports.runs.startRun(request);
      return { runId: run.id, code: null };
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      if (isForNow(error)) return 'later';
      if (error.code !== 'IDEMPOTENCY_CONFLICT') return { runId: null, code: error.code };
      // Started before a crash, and the trigger has other params or tags since.
      const run = await this.#once('findRunByKey', (options) =>
        this.#ports.store.findRunByKey(pipeline, idempotencyKey, options),
      );
      return { runId: run?.id ?? null, code: error.code };
    }
  }

  /** The run of the tick before, when it has not ended. */
  async #runBefore({ lastRunId }: ScheduleRecord): Promise<Run | null> {
    if (lastRunId === null) return null;
    const run = await this.#once('findRun', (options) => this.#ports.store.findRun(lastRunId, options));
    return run === null || isTerminal(run.state) ? null : run;
  }

  /** Whatever was written meanwhile, the tick is not being started any more. Null: somebody else noted it, or the schedule is gone. */
  async #note(
    taken: ScheduleRecord,
    { tickAtMs, runId }: { readonly tickAtMs?: number; readonly runId?: RunId },
  ): Promise<ScheduleRecord | null> {
    const done = { startingAtMs: null, startingBy: null, startingSinceMs: null };
    const last = runId === undefined ? {} : { lastTickAtMs: tickAtMs ?? null, lastRunId: runId };
    let record: ScheduleRecord | null = taken;
    for (let tries = 0; tries < NOTE_TRIES_MAX && record !== null; tries += 1) {
      if (record.startingAtMs !== taken.startingAtMs || record.startingBy !== taken.startingBy) return null;
      const noted = await this.#replace(record, { ...done, ...last });
      if (noted !== null) return noted;
      record = await this.#once('findSchedule', (options) => this.#ports.store.schedules.find(taken.id, options));
    }
    return null;
  }

  /** The record as it stands then; null when it was not the one that stood. */
  async #replace(stored: ScheduleRecord, changes: Partial<ScheduleRecord>): Promise<ScheduleRecord | null> {
    const record = { ...stored, ...changes, revision: stored.revision + 1 };
    const isReplaced = await this.#write('replaceSchedule', (store, options) => store.replace(record, options));
    return isReplaced ? record : null;
  }

  #write(operation: string, work: (store: ScheduleStore, options: StoreOptions) => Promise<boolean>): Promise<boolean> {
    return this.#once(operation, (options) => work(this.#ports.store.schedules, options));
  }

  async #once<T>(operation: string, work: (options: StoreOptions) => Promise<T>): Promise<T> {
    return await tryOnce({ ...this.#ports, ...this.#settings }, operation, work);
  }

  #tellMissed(schedule: DeclaredSchedule, count: number, code: string | null): void {
    if (count > 0) this.#tell({ kind: 'scheduleMissed', ...named(schedule), count, code });
  }

  #tell(event: SystemEvent): void {
    this.#ports.events.emit(event);
  }
}

function named({ pipeline, spec }: DeclaredSchedule): { readonly pipeline: string; readonly schedule: string } {
  return { pipeline, schedule: spec.name };
}

/** A pipeline that rejects what is over its limit says so of its schedules, too: such a tick is given up. */
function isForNow({ code, isRetryable, fault }: GantryError): boolean {
  return code !== 'CONCURRENCY_FULL' && (isRetryable || fault === 'platform');
}

/** It may have ended by itself in between. */
function ignoreEnded(error: unknown): void {
  if (error instanceof GantryError && (error.code === 'RUN_FINISHED' || error.code === 'RUN_NOT_FOUND')) return;
  throw error;
}
