// Ends every invocation of a run that no one will hear of again, so that none stays `running` behind an ended or resumed run.
// Undelivered ones end as cancelled, delivered ones as lost.
import type { Invocation } from '../core/invocation.ts';
import { stateOfOutcome } from '../core/invocation.ts';
import type { Outcome } from '../core/outcome.ts';
import type { RunEvent } from '../core/events.ts';
import type { RunId } from '../core/ids.ts';
import type { Store, StoreOptions } from '../core/ports/store.ts';
import type { RunScope } from './run-scope.ts';

export async function endOpenInvocations({ lease, ports, journal }: RunScope, why: string): Promise<void> {
  const nowMs = ports.clock.nowMs();
  const { events } = await lease.persist('updateInvocation', (options) =>
    settleInvocations(ports.store, lease.run.id, why, nowMs, options),
  );
  for (const event of events) journal.record(event);
}

/** @returns the run's invocations after the change, and the events to be told of them */
export async function settleInvocations(
  store: Store,
  runId: RunId,
  why: string,
  nowMs: number,
  options: StoreOptions,
): Promise<{ readonly invocations: readonly Invocation[]; readonly events: readonly RunEvent[] }> {
  const events: RunEvent[] = [];
  const invocations: Invocation[] = [];
  for (const invocation of await store.listInvocations(runId, options)) {
    const settled = isOpen(invocation) ? await settle(store, invocation, why, nowMs, options) : null;
    if (settled !== null) events.push({ kind: 'invocationFinished', invocation: settled });
    invocations.push(settled ?? invocation);
  }
  return { invocations, events };
}

function isOpen({ state }: Invocation): boolean {
  return state === 'pending' || state === 'running';
}

async function settle(
  store: Store,
  invocation: Invocation,
  why: string,
  nowMs: number,
  options: StoreOptions,
): Promise<Invocation | null> {
  const outcome: Outcome = { code: invocation.state === 'running' ? 'lost' : 'cancelled', message: why };
  const changes = { state: stateOfOutcome(outcome), outcome, finishedAtMs: nowMs };
  const hasWritten = await store.updateInvocation(invocation.id, { states: [invocation.state] }, changes, options);
  return hasWritten ? { ...invocation, ...changes } : null;
}
