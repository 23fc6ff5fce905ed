// The schedules of the pipelines in force, each with its calendar; made anew when the pipelines changed.
import type { Pipeline } from '../core/pipeline.ts';
import type { ScheduleSpec } from '../core/pipeline-trigger.ts';
import type { Cron, TickTimes } from '../core/ports/cron.ts';
import type { ScheduleRecord } from '../core/ports/schedule-store.ts';

export interface DeclaredSchedule {
  /** `<pipeline>/<name>` */
  readonly id: string;
  readonly pipeline: string;
  readonly spec: ScheduleSpec;
  readonly times: TickTimes;
}

type Pipelines = ReadonlyMap<string, Pipeline>;

export class DeclaredSchedules {
  readonly #cron: Cron;
  readonly #pipelines: () => Pipelines;
  #seen: Pipelines | null = null;
  #schedules: ReadonlyMap<string, DeclaredSchedule> = new Map();

  constructor(cron: Cron, pipelines: () => Pipelines) {
    this.#cron = cron;
    this.#pipelines = pipelines;
  }

  /** By id. */
  current(): ReadonlyMap<string, DeclaredSchedule> {
    const pipelines = this.#pipelines();
    if (pipelines !== this.#seen) {
      this.#seen = pipelines;
      const all = [...pipelines.values()].flatMap((pipeline) => this.#of(pipeline));
      this.#schedules = new Map(all.map((schedule) => [schedule.id, schedule]));
    }
    return this.#schedules;
  }

  #of({ name: pipeline, triggers }: Pipeline): readonly DeclaredSchedule[] {
    return triggers
      .filter((trigger) => trigger.kind === 'schedule')
      .map((spec) => ({
        id: `${pipeline}/${spec.name}`,
        pipeline,
        spec,
        times: this.#cron.read(spec.cron, spec.timezone),
      }));
  }
}

/** Two schedules of the same timing are due at the same times. */
export function timingOf({ cron, timezone }: ScheduleSpec): string {
  return `${cron} ${timezone}`;
}

/** A schedule that begins, or begins again: what lies before is decided. */
export function begun({ spec, times }: DeclaredSchedule, nowMs: number): BegunFields {
  return { timing: timingOf(spec), decidedAtMs: nowMs, nextAtMs: times.next(nowMs) };
}

type BegunFields = Pick<ScheduleRecord, 'timing' | 'decidedAtMs' | 'nextAtMs'>;

export function newRecord(schedule: DeclaredSchedule, nowMs: number): ScheduleRecord {
  return {
    id: schedule.id,
    pipeline: schedule.pipeline,
    name: schedule.spec.name,
    ...begun(schedule, nowMs),
    startingAtMs: null,
    startingBy: null,
    startingSinceMs: null,
    lastTickAtMs: null,
    lastRunId: null,
    pausedAtMs: null,
    pausedBy: null,
    revision: 0,
  };
}
