// Runs of workers that live, and that have been at work for longer than they may. The clock that wrote a deadline may be hours off from this
// program's, so no deadline is believed by itself: the run must also have been seen at work for its whole time, by a clock that never jumps.
import type { Run } from '../../core/run.ts';

/** Beyond its deadline and the lease. */
const OVERDUE_MS = 5_000;

type Seen = Pick<Run, 'id' | 'epoch' | 'startedAtMs' | 'deadlineAtMs'>;

export class OverdueWatch {
  /** monotonic times of the first look, by run and epoch */
  #since: ReadonlyMap<string, number> = new Map();

  /** At each sweep, with all runs that are at work elsewhere. */
  see(runs: readonly Seen[], monotonicMs: number): void {
    this.#since = new Map(runs.map((run) => [keyOf(run), this.#since.get(keyOf(run)) ?? monotonicMs]));
  }

  /** @param leaseMs in which its worker ends it or is taken for dead */
  isOverdue(
    run: Seen,
    leaseMs: number,
    { nowMs, monotonicMs }: { readonly nowMs: number; readonly monotonicMs: number },
  ): boolean {
    const { startedAtMs, deadlineAtMs } = run;
    if (deadlineAtMs === null || nowMs <= deadlineAtMs + leaseMs + OVERDUE_MS) return false;
    const sinceMs = this.#since.get(keyOf(run)) ?? monotonicMs;
    return monotonicMs - sinceMs >= deadlineAtMs - (startedAtMs ?? deadlineAtMs);
  }
}

function keyOf({ id, epoch }: Seen): string {
  return `${id}:${String(epoch)}`;
}
