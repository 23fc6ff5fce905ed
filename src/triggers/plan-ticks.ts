// Which of the ticks that are due is fired, and which are given up. Pure. However long nobody looked, it takes some hundred looks at the calendar.
import type { CatchUp } from '../core/pipeline-trigger.ts';
import type { TickTimes } from '../core/ports/cron.ts';

/** A tick that is noticed so late is not missed yet: a restart takes a moment, and a suspended machine is noticed within it. */
export const ON_TIME_MS = 60_000;
/** `catchUp: all` fires no more of those that were missed: the newest. */
export const CATCH_UP_MAX = 100;
/** Ticks that are given up are counted no further. */
export const MISSED_MAX = 500;

export interface TickPlan {
  /** null: all that are due are given up */
  readonly fireAtMs: number | null;
  /** ticks before it that are given up, at most MISSED_MAX */
  readonly missed: number;
  /** up to here all is decided by this plan */
  readonly decidedAtMs: number;
  /** the first tick after that, which may be due, too */
  readonly nextAtMs: number | null;
}

/** @param dueAtMs a tick that is not in the future, the first that is not decided */
export function planTicks(times: TickTimes, catchUp: CatchUp, dueAtMs: number, nowMs: number): TickPlan {
  if (catchUp === 'all') return planAll(times, dueAtMs, nowMs);
  const newest = newestTick(times, dueAtMs, nowMs);
  const isFired = catchUp === 'latest' || nowMs - newest <= ON_TIME_MS;
  return {
    fireAtMs: isFired ? newest : null,
    missed: countTicks(times, dueAtMs, isFired ? newest : newest + 1),
    decidedAtMs: newest,
    nextAtMs: times.next(newest),
  };
}

/** One after the other, the oldest that is still wanted first. */
function planAll(times: TickTimes, dueAtMs: number, nowMs: number): TickPlan {
  const isTooMany = countTicks(times, dueAtMs, nowMs + 1, CATCH_UP_MAX + 1) > CATCH_UP_MAX;
  let fireAtMs = dueAtMs;
  if (isTooMany) {
    fireAtMs = newestTick(times, dueAtMs, nowMs);
    for (let kept = 1; kept < CATCH_UP_MAX; kept += 1) fireAtMs = newestTick(times, dueAtMs, fireAtMs - 1);
  }
  const missed = countTicks(times, dueAtMs, fireAtMs);
  return { fireAtMs, missed, decidedAtMs: fireAtMs, nextAtMs: times.next(fireAtMs) };
}

/** The last tick up to `untilMs`, by halving the span: `firstMs` is a tick in it. */
export function newestTick(times: TickTimes, firstMs: number, untilMs: number): number {
  let newest = firstMs;
  let end = untilMs;
  for (;;) {
    const following = times.next(newest);
    if (following === null || following > untilMs) return newest;
    const middle = Math.floor((newest + end) / 2);
    const found = times.next(middle);
    if (found !== null && found <= untilMs) newest = found;
    else end = middle;
    if (end - newest <= 1) newest = Math.max(newest, following);
  }
}

/** Ticks from `firstMs`, itself a tick, up to before `endMs`. */
function countTicks(times: TickTimes, firstMs: number, endMs: number, atMost = MISSED_MAX): number {
  let count = 0;
  for (let at: number | null = firstMs; at !== null && at < endMs && count < atMost; at = times.next(at)) count += 1;
  return count;
}
