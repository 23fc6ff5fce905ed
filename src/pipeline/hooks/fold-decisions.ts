// Takes what was decided about hooks while the run was at work, queued or taken over into the records of those hooks, each once: a record that
// knows its decision is left alone, so whoever takes the run up again folds nothing twice. The event is told with the write that keeps it.
import { BY_TIMEOUT } from '../../core/approval.ts';
import { isUnfinished } from '../graph/next-hooks.ts';
import { moveDeadline } from '../move-deadline.ts';
import type { RunLedger } from '../records/run-ledger.ts';
import type { RunScope } from '../run-scope.ts';

/**
 * A hook that waited is to be taken up again at once.
 * @param underWay hooks that are being taken up just now: they are looked at again when they rest
 * @returns whether there is something new to be written
 */
export function foldDecisions(scope: RunScope, ledger: RunLedger, underWay: ReadonlySet<number>): boolean {
  const { lease, ports, writes } = scope;
  const { id: runId, pipeline } = lease.run;
  let isNew = false;
  for (const { hook, decided } of lease.told.decisions) {
    const index = ledger.hooks.findIndex((record) => record.hook === hook);
    const record = ledger.hooks[index];
    if (record?.approval?.decided !== null || !isUnfinished(record) || underWay.has(index)) continue;
    ledger.mark(index, { approval: { ...record.approval, decided } });
    if (record.state === 'waiting') ledger.waitHook(index, { untilMs: Math.min(decided.atMs, ports.clock.nowMs()) });
    writes.note(ledger.changes());
    // What of the time to decide was not needed.
    moveDeadline(scope, -Math.max(0, record.approval.timeoutAtMs - decided.atMs));
    if (decided.by !== BY_TIMEOUT) writes.tell({ kind: 'approvalDecided', runId, pipeline, hook, decided });
    isNew = true;
  }
  return isNew;
}
