// The end of a run's time, moved while it is under way: a decision has a time of its own, which is added when it is asked for, and what of it was
// not needed is taken back. It holds for the hooks at work beside it, too; an invocation keeps the deadline that its plugin was told.
import type { RunScope } from './run-scope.ts';

/** @param byMs milliseconds; negative: sooner */
export function moveDeadline({ ports, lease, stop, writes, deadlines }: RunScope, byMs: number): void {
  const deadlineAtMs = writes.planned.deadlineAtMs ?? Math.ceil(ports.clock.nowMs() + lease.remainingMs);
  writes.note({ deadlineAtMs: deadlineAtMs + byMs });
  lease.expireIn(lease.remainingMs + byMs);
  stop.stopAfter(deadlines, lease.remainingMs, 'pipeline_timeout');
}
