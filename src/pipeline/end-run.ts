// The last write of a worker to a run: its end, or its way back into the queue when this program stops.
import { READY_NOW_MS } from '../core/run.ts';
import type { RunFailure, TerminalRunState, Told } from '../core/run.ts';
import type { RunLedger } from './records/run-ledger.ts';
import type { RunScope } from './run-scope.ts';

/** When a run is ready that only a message can wake: later than every clock. */
export const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** When a run comes to rest. */
interface Resting {
  /** when it is to go on by itself; null: never */
  readonly dueAtMs: number | null;
  readonly told: Told;
}

/** Ends the run; its events are told after the store's acknowledgement. */
export async function endRun(
  scope: RunScope,
  ledger: RunLedger,
  state: TerminalRunState,
  failure: RunFailure | null,
): Promise<void> {
  const { writes, logs, ports } = scope;
  const finishedAtMs = ports.clock.nowMs();
  ledger.closeMain(state, finishedAtMs);
  ledger.closeRest();
  await logs.flush();
  const { startedAtMs, verdict } = writes.planned;
  const run = writes.advance(state, {
    ...ledger.changes(),
    ...(verdict === null ? {} : { verdict: null }),
    failure,
    startedAtMs: startedAtMs ?? finishedAtMs,
    finishedAtMs,
  });
  for (const event of ledger.takeEvents()) writes.tell(event);
  writes.tell({ kind: 'runFinished', run });
  await writes.commit();
}

export function failureOf(code: string, message: string, hook: string | null = null): RunFailure {
  return { code, message, hook, plugin: null };
}

/**
 * Nothing can be done until a wait is over: the run gives up its worker and its place until then.
 * @param rest until when, and what the run had been told when that was found: whatever it is told after that keeps it
 * @returns false when somebody told it something just now, which has been heard: nothing is given up then
 */
export async function letWait(scope: RunScope, ledger: RunLedger, rest: Resting): Promise<boolean> {
  const { lease, stop, writes, logs } = scope;
  await logs.flush();
  writes.note(ledger.changes());
  for (const event of ledger.takeEvents()) writes.tell(event);
  // At its deadline it is claimed to be ended.
  const readyAtMs = Math.min(rest.dueAtMs ?? NEVER_MS, writes.planned.deadlineAtMs ?? NEVER_MS);
  if (await writes.suspend({ worker: null, readyAtMs }, rest.told)) return true;
  if (lease.told.cancelRequestedAtMs !== null) stop.stop('cancelled');
  return false;
}

/** Puts the run back into the queue; the next worker resumes it at its unfinished hooks. */
export async function requeue(scope: RunScope, ledger: RunLedger): Promise<void> {
  const { writes, logs, ports } = scope;
  await logs.flush();
  const changes = { ...ledger.changes(), worker: null, readyAtMs: READY_NOW_MS };
  const run = writes.advance('queued', changes);
  for (const event of ledger.takeEvents()) writes.tell(event);
  await writes.commit();
  ports.events.emit({ kind: 'runRecovered', runId: run.id, pipeline: run.pipeline, state: run.state });
}
