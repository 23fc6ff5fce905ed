// How long the runs took that a death of their program met at work. A backoff of ten seconds is no slow recovery, so the time counts from the
// last moment at which the run was told to wait no longer, when that came after the death.
import type { RunHistory, Sight } from './history.ts';

/** @returns milliseconds, one figure per run whose program died while it was at work and which no later death met */
export function settleTimes(runs: readonly RunHistory[], sights: readonly Sight[]): readonly number[] {
  const seen = Map.groupBy(sights, ({ runId }) => runId);
  return runs.flatMap((history) => {
    const { id, finishedAtMs } = history.run;
    if (finishedAtMs === null) return [];
    const last = seen.get(id)?.findLast(({ atMs }) => atMs <= finishedAtMs);
    if (last?.state !== 'running' || !wasForsaken(history, last)) return [];
    return [finishedAtMs - Math.max(last.atMs, toldToWaitUntil(history, finishedAtMs))];
  });
}

/** Beside a program that died others may be seen at work, whose runs are not meant. */
function wasForsaken({ run }: RunHistory, { losses }: Sight): boolean {
  return run.losses > losses || run.failure?.code === 'WORKER_LOST';
}

function toldToWaitUntil({ run, invocations }: RunHistory, finishedAtMs: number): number {
  const retries = invocations.map(({ retryAtMs }) => retryAtMs ?? 0);
  const decisions = run.hooks.map(({ approval }) => approval?.decided?.atMs ?? 0);
  return Math.max(0, ...[...retries, ...decisions].filter((atMs) => atMs <= finishedAtMs));
}
