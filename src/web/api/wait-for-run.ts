// `Prefer: wait=N` (RFC 7240) on requests about a run: the answer waits for the run's end, but not longer than N seconds.
import { deadlineWithin } from '../../core/deadline.ts';
import { isTerminal, type Run } from '../../core/run.ts';
import type { WebRequest } from '../http/route.ts';
import type { WebPorts } from '../ports.ts';

const WAIT_MAX_S = 300;

/** A preference that cannot be read is ignored, as the RFC asks. */
export function readWaitMs(request: WebRequest): number {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,4})"?/i.exec(request.header('prefer') ?? '');
  return Math.min(WAIT_MAX_S, Number(match?.[1] ?? 0)) * 1000;
}

/** The ended run; null when it did not end in time, or when there is no time to wait. */
export async function waitForRun(ports: WebPorts, run: Run, waitMs: number, request: WebRequest): Promise<Run | null> {
  if (isTerminal(run.state)) return run;
  if (waitMs === 0) return null;
  using deadline = deadlineWithin(ports.clock, waitMs, request.gone);
  const { signal } = deadline;
  try {
    return await ports.runs.waitSettled(run.id, { signal });
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
