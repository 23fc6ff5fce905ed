// Schedules as people see them: what is declared with what is stored, when it is due next, and the switch that stops it until it is turned on again.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { CatchUp, Overlap } from '../core/pipeline-trigger.ts';
import type { TickTimes } from '../core/ports/cron.ts';
import type { ScheduleRecord } from '../core/ports/schedule-store.ts';
import type { StoreOptions } from '../core/ports/store.ts';
import { suggest } from '../lib/suggest.ts';
import { tryOnce } from '../pipeline/records/persist.ts';
import type { RunPorts, RunSettings } from '../pipeline/run-ports.ts';
import { begun, newRecord, type DeclaredSchedule, type DeclaredSchedules } from './declared-schedules.ts';

/** A tick or another process may come between the reading and the writing. */
const TRIES_MAX = 20;
export const NEXT_TIMES_MAX = 100;

/** Times are ISO 8601, UTC. */
export interface ScheduleView {
  readonly id: string;
  readonly pipeline: string;
  readonly name: string;
  readonly cron: string;
  readonly timezone: string;
  readonly catchUp: CatchUp;
  readonly overlap: Overlap;
  readonly isPaused: boolean;
  readonly pausedAt: string | null;
  readonly pausedBy: string | null;
  /** the last tick for which a run was started, and that run */
  readonly lastTickAt: string | null;
  readonly lastRun: string | null;
  /** null while it is paused */
  readonly nextAt: string | null;
  /** the ticks to come, as if it were not paused */
  readonly nextTimes: readonly string[];
}

/** A trigger of a pipeline, in short. */
export type TriggerView =
  | {
      readonly kind: 'schedule';
      readonly name: string;
      readonly cron: string;
      readonly timezone: string;
      readonly isPaused: boolean;
      /** null while it is paused */
      readonly nextAt: string | null;
    }
  /** `path` from the root of the server */
  | { readonly kind: 'webhook'; readonly name: string; readonly path: string };

export interface SchedulesPorts extends Pick<RunPorts, 'clock' | 'events'> {
  readonly store: Pick<RunPorts['store'], 'schedules'>;
  readonly declared: DeclaredSchedules;
  /** called after a change */
  readonly onChange: () => void;
}

export class Schedules {
  readonly #ports: SchedulesPorts;
  readonly #settings: Pick<RunSettings, 'storeTimeoutMs'>;
  /** ids, as far as was seen in the store */
  readonly #paused = new Set<string>();

  constructor(ports: SchedulesPorts, settings: Pick<RunSettings, 'storeTimeoutMs'>) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** By id. @throws GantryError STORE_* */
  async list(timesCount: number): Promise<readonly ScheduleView[]> {
    const records = await this.#once((options) => this.#store.list(options));
    this.remember(records);
    const stored = new Map(records.map((one) => [one.id, one]));
    return [...this.#ports.declared.current().values()]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((schedule) => this.#view(schedule, stored.get(schedule.id) ?? null, timesCount));
  }

  /** From memory: a pause of another process shows a minute later at most. */
  triggersOf({ name: pipeline, triggers }: Pipeline): readonly TriggerView[] {
    return triggers.map((trigger) => {
      const { kind, name } = trigger;
      if (kind === 'webhook') return { kind, name, path: `/hooks/${trigger.path}` };
      const id = `${pipeline}/${name}`;
      const isPaused = this.#paused.has(id);
      const nextAtMs = this.#ports.declared.current().get(id)?.times.next(this.#ports.clock.wallMs()) ?? null;
      const { cron, timezone } = trigger;
      return { kind, name, cron, timezone, isPaused, nextAt: isPaused ? null : isoTime(nextAtMs) };
    });
  }

  /** What was read of the store elsewhere. */
  remember(records: readonly ScheduleRecord[]): void {
    for (const { id, pausedAtMs } of records) {
      if (pausedAtMs === null) this.#paused.delete(id);
      else this.#paused.add(id);
    }
  }

  /** @throws GantryError SCHEDULE_NOT_FOUND, STORE_* */
  async find(id: string, timesCount: number): Promise<ScheduleView> {
    const schedule = this.#declared(id);
    const stored = await this.#once((options) => this.#store.find(id, options));
    return this.#view(schedule, stored, timesCount);
  }

  /** Its ticks pass from now on. A run that is being started is started. @throws GantryError SCHEDULE_NOT_FOUND, STORE_* */
  async pause(id: string, by: string): Promise<ScheduleView> {
    return await this.#switch(id, by, true);
  }

  /** Begins from now: what passed while it was paused is not caught up. @throws GantryError SCHEDULE_NOT_FOUND, STORE_* */
  async resume(id: string, by: string): Promise<ScheduleView> {
    return await this.#switch(id, by, false);
  }

  async #switch(id: string, by: string, isPaused: boolean): Promise<ScheduleView> {
    const schedule = this.#declared(id);
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const nowMs = this.#ports.clock.wallMs();
      const stored = await this.#once((options) => this.#store.find(id, options));
      const before = stored ?? newRecord(schedule, nowMs);
      if ((before.pausedAtMs !== null) === isPaused) return this.#view(schedule, stored, 1, nowMs);
      const changes = isPaused
        ? { pausedAtMs: nowMs, pausedBy: by }
        : { pausedAtMs: null, pausedBy: null, ...begun(schedule, nowMs) };
      const record = { ...before, ...changes, revision: stored === null ? 0 : before.revision + 1 };
      if (!(await this.#put(record, stored === null))) continue;
      this.remember([record]);
      const kind = isPaused ? 'schedulePaused' : 'scheduleResumed';
      this.#ports.events.emit({ kind, pipeline: schedule.pipeline, schedule: schedule.spec.name, by });
      this.#ports.onChange();
      return this.#view(schedule, record, 1, nowMs);
    }
    throw new GantryError('STORE_UNAVAILABLE', `the schedule ${id} is changed from too many places at once`);
  }

  async #put(record: ScheduleRecord, isNew: boolean): Promise<boolean> {
    return await this.#once((options) =>
      isNew ? this.#store.insert(record, options) : this.#store.replace(record, options),
    );
  }

  #declared(id: string): DeclaredSchedule {
    const all = this.#ports.declared.current();
    const schedule = all.get(id);
    if (schedule !== undefined) return schedule;
    const near = suggest(id, [...all.keys()]);
    const hint = near === null ? '' : `; did you mean ${near}?`;
    throw new GantryError('SCHEDULE_NOT_FOUND', `no schedule is named ${JSON.stringify(id.slice(0, 130))}${hint}`);
  }

  #view(
    { id, pipeline, spec, times }: DeclaredSchedule,
    stored: ScheduleRecord | null,
    timesCount: number,
    nowMs = this.#ports.clock.wallMs(),
  ): ScheduleView {
    const { name, cron, timezone, catchUp, overlap } = spec;
    const nextTimes = timesAfter(times, nowMs, Math.max(1, Math.min(timesCount, NEXT_TIMES_MAX)));
    const {
      pausedAtMs = null,
      pausedBy = null,
      lastTickAtMs = null,
      lastRunId = null,
    }: Partial<ScheduleRecord> = stored ?? {};
    return {
      ...{ id, pipeline, name, cron, timezone, catchUp, overlap },
      isPaused: pausedAtMs !== null,
      pausedAt: isoTime(pausedAtMs),
      pausedBy,
      lastTickAt: isoTime(lastTickAtMs),
      lastRun: lastRunId,
      nextAt: pausedAtMs === null ? (nextTimes[0] ?? null) : null,
      nextTimes,
    };
  }

  get #store(): RunPorts['store']['schedules'] {
    return this.#ports.store.schedules;
  }

  async #once<T>(work: (options: StoreOptions) => Promise<T>): Promise<T> {
    return await tryOnce({ ...this.#ports, ...this.#settings }, 'schedules', work);
  }
}

function timesAfter(times: TickTimes, afterMs: number, count: number): string[] {
  const found: string[] = [];
  for (let at = times.next(afterMs); at !== null && found.length < count; at = times.next(at))
    found.push(new Date(at).toISOString());
  return found;
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
