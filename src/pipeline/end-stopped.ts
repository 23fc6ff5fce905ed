// What becomes of a run that was told to stop, by its reason: its end is certain, or it goes back to the queue where nothing is called twice
// by that.
import type { Verdict } from '../core/run.ts';
import { failureOf, requeue } from './end-run.ts';
import type { EndedHook } from './hooks/hooks-at-work.ts';
import { mayResume } from './graph/may-resume.ts';
import type { RunLedger } from './records/run-ledger.ts';
import type { RunScope } from './run-scope.ts';

/**
 * @param cutShort the hooks that were at work when it was told; none when it was told between two
 * @returns how the run ends; null: this worker is done with it
 */
export async function endStopped(
  scope: RunScope,
  ledger: RunLedger,
  cutShort: readonly EndedHook[],
): Promise<Verdict | null> {
  const { lease, ports, stop } = scope;
  const indexes = cutShort.map(({ plan }) => plan.index).sort((left, right) => left - right);
  const hook = ledger.hooks[indexes[0] ?? -1]?.hook ?? ledger.firstUnfinished;
  const close = (state: 'failed' | 'cancelled'): void => {
    for (const index of indexes) ledger.endHook(index, state, ports.clock.nowMs());
  };
  switch (stop.reason) {
    case 'cancelled':
      close('cancelled');
      return { state: 'cancelled', failure: failureOf('CANCELLED', 'the run was cancelled', hook) };
    case 'hook_timeout':
    case 'pipeline_timeout':
      close('failed');
      return { state: 'timed_out', failure: failureOf('TIMED_OUT', 'the time of the pipeline was up', hook) };
    case 'draining':
      return await endDrained(scope, ledger, cutShort);
    case 'lease_lost':
    case null:
      lease.lose('the worker stopped this run');
      await lease.note({});
      return null;
  }
}

async function endDrained(scope: RunScope, ledger: RunLedger, cutShort: readonly EndedHook[]): Promise<Verdict | null> {
  const stuck = cutShort.filter(({ end }) => !mayResume(end.ends)).map(({ plan }) => plan);
  if (stuck.length === 0) {
    for (const { plan } of cutShort) ledger.resetHook(plan.index);
    await requeue(scope, ledger);
    return null;
  }
  const nowMs = scope.ports.clock.nowMs();
  for (const { plan } of cutShort) ledger.endHook(plan.index, stuck.includes(plan) ? 'failed' : 'cancelled', nowMs);
  const hook = stuck.toSorted((left, right) => left.index - right.index)[0]?.hook ?? 'the run';
  const message = `the program was stopped while plugins of ${hook} were at work, and they may not be called twice`;
  return { state: 'failed', failure: failureOf('DRAINING', message, hook) };
}
