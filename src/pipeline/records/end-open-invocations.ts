// Ends every invocation of a run that no one will hear of again, so that none stays `running` behind an ended or resumed run.
// Undelivered ones end as cancelled, delivered ones as lost. Nothing is written here: the ends go with what follows from them, so that a
// program that dies in between leaves either both with their events, or neither.
import type { Invocation } from '../../core/invocation.ts';
import { stateOfOutcome } from '../../core/invocation.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { RunWrites } from './run-writes.ts';

/** @returns the run's invocations as they will be when what is gathered is written */
export function endOpenInvocations(
  writes: RunWrites,
  invocations: readonly Invocation[],
  why: string,
  nowMs: number,
): readonly Invocation[] {
  return invocations.map((invocation) => {
    if (invocation.state !== 'pending' && invocation.state !== 'running') return invocation;
    const outcome: Outcome = { code: invocation.state === 'running' ? 'lost' : 'cancelled', message: why };
    const changes = { state: stateOfOutcome(outcome), outcome, finishedAtMs: nowMs };
    writes.updateInvocation(invocation.id, changes);
    const ended: Invocation = { ...invocation, ...changes };
    writes.tell({ kind: 'invocationFinished', invocation: ended });
    return ended;
  });
}
