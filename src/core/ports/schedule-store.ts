// What is remembered of schedules between ticks. Every write is conditional on the record's revision, so that of several processes that look at
// a schedule at the same time one decides and the others look again.
import type { RunId, WorkerId } from '../ids.ts';

/** As of every operation of the store. */
interface StoreOptions {
  readonly signal: AbortSignal;
}

/** Times are unix milliseconds; those of ticks are the times that were due, not when they were noticed. */
export interface ScheduleRecord {
  /** `<pipeline>/<name>` */
  readonly id: string;
  readonly pipeline: string;
  readonly name: string;
  /** cron and zone that `nextAtMs` was reckoned from: another text makes it void */
  readonly timing: string;
  /** ticks up to here are decided: fired, skipped or given up */
  readonly decidedAtMs: number;
  /** the first tick that is not decided; null: there is none any more */
  readonly nextAtMs: number | null;
  /** the tick whose run is being started, which was decided before; null: none */
  readonly startingAtMs: number | null;
  /** who starts it, and since when */
  readonly startingBy: WorkerId | null;
  readonly startingSinceMs: number | null;
  /** the last tick for which a run was started, and that run */
  readonly lastTickAtMs: number | null;
  readonly lastRunId: RunId | null;
  readonly pausedAtMs: number | null;
  readonly pausedBy: string | null;
  /** + 1 at every write */
  readonly revision: number;
}

export interface ScheduleStore {
  /** By id. As many as are declared. */
  list(options: StoreOptions): Promise<readonly ScheduleRecord[]>;
  find(id: string, options: StoreOptions): Promise<ScheduleRecord | null>;
  /** False, and nothing changes, when one with this id stands. */
  insert(record: ScheduleRecord, options: StoreOptions): Promise<boolean>;
  /** Puts the record in the place of the one with revision − 1. False, and nothing changes, when another one or none stands there. */
  replace(record: ScheduleRecord, options: StoreOptions): Promise<boolean>;
  /** False when none with this revision stands. */
  remove(id: string, revision: number, options: StoreOptions): Promise<boolean>;
}
