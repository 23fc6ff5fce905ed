// The last write of a worker to a run: its end, or its way back into the queue when this program stops.
import type { RunFailure, TerminalRunState } from '../core/run.ts';
import { mayResume } from './may-resume.ts';
import type { HookEnd } from './run-hook.ts';
import type { RunLedger } from './run-ledger.ts';
import type { RunScope } from './run-scope.ts';

/** Ends the run; its events are told after the store's acknowledgement. */
export async function endRun(
  scope: RunScope,
  ledger: RunLedger,
  state: TerminalRunState,
  failure: RunFailure | null,
): Promise<void> {
  const { lease, writes, logs, ports } = scope;
  ledger.closeRest(state === 'failed' ? 'skipped' : 'cancelled');
  await logs.flush();
  const finishedAtMs = ports.clock.nowMs();
  const startedAtMs = lease.run.startedAtMs ?? finishedAtMs;
  const run = writes.advance(state, { ...ledger.changes(), failure, startedAtMs, finishedAtMs });
  for (const event of ledger.takeEvents()) writes.tell(event);
  writes.tell({ kind: 'runFinished', run });
  await writes.commit();
}

/**
 * Ends a run that was told to stop, by its reason.
 * @param end what the hook at `index` came to; null when it was not started
 */
export async function endStopped(
  scope: RunScope,
  ledger: RunLedger,
  index: number,
  end: HookEnd | null,
): Promise<void> {
  const { lease, ports, stop } = scope;
  const nowMs = ports.clock.nowMs();
  const hook = ledger.hooks[index]?.hook ?? null;
  const closeHook = (state: 'failed' | 'cancelled'): void => {
    if (end !== null) ledger.endHook(index, state, nowMs);
  };
  switch (stop.reason) {
    case 'cancelled':
      closeHook('cancelled');
      await endRun(scope, ledger, 'cancelled', failureOf('CANCELLED', 'the run was cancelled', hook));
      return;
    case 'hook_timeout':
    case 'pipeline_timeout':
      closeHook('failed');
      await endRun(scope, ledger, 'timed_out', failureOf('TIMED_OUT', 'the time of the pipeline was up', hook));
      return;
    case 'draining':
      await endDrained(scope, ledger, index, end);
      return;
    case 'lease_lost':
    case null:
      lease.lose('the worker stopped this run');
      await lease.note({});
  }
}

async function endDrained(scope: RunScope, ledger: RunLedger, index: number, end: HookEnd | null): Promise<void> {
  if (end === null) {
    await requeue(scope, ledger);
  } else if (mayResume(end.ends)) {
    ledger.resetHook(index);
    await requeue(scope, ledger);
  } else {
    const hook = ledger.hooks[index]?.hook ?? null;
    ledger.endHook(index, 'failed', scope.ports.clock.nowMs());
    await endRun(scope, ledger, 'failed', failureOf('DRAINING', stoppedUnderWay(hook), hook));
  }
}

export function failureOf(code: string, message: string, hook: string | null = null): RunFailure {
  return { code, message, hook, plugin: null };
}

/** Puts the run back into the queue; the next worker resumes it at its first unfinished hook. */
export async function requeue(scope: RunScope, ledger: RunLedger): Promise<void> {
  const { writes, logs, ports } = scope;
  await logs.flush();
  const changes = { ...ledger.changes(), worker: null, readyAtMs: ports.clock.nowMs() };
  const run = writes.advance('queued', changes);
  for (const event of ledger.takeEvents()) writes.tell(event);
  await writes.commit();
  ports.events.emit({ kind: 'runRecovered', runId: run.id, pipeline: run.pipeline, state: run.state });
}

function stoppedUnderWay(hook: string | null): string {
  return `the program was stopped while plugins of ${hook ?? 'the run'} were at work, and they may not be called twice`;
}
