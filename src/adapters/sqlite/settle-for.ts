// Which of the runs whose rows are yet to be written have to be written before an operation, so that it sees everything that was acknowledged.
// An operation that is named nowhere here sees all runs.
import type { OperationName } from './operations.ts';
import type { PendingRuns } from './pending-runs.ts';

/** They look at no run, or only at those that are never pending: queued and waiting ones, those with a key, those under a key. */
const OF_NO_RUN: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(['ping', 'describe', 'putWorker', 'listWorkers', 'removeWorker'] as const),
  ...(['claimRuns', 'countQueued', 'findRunByKey', 'appendLogs', 'listLogs'] as const),
  ...(['putPluginVersion', 'updatePluginVersion', 'listPluginVersions'] as const),
  ...(['putPipelineVersion', 'listPipelineVersions'] as const),
  ...(['insertSchedule', 'replaceSchedule', 'removeSchedule', 'listSchedules', 'findSchedule'] as const),
  ...(['putState', 'getState', 'listState', 'deleteState'] as const),
]);

/** Their first parameter is the run's id, or values that begin with it. */
const OF_ONE_RUN: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(['insertRun', 'findRun', 'updateRun', 'removeRun'] as const),
  ...(['listInvocations', 'putPayload', 'findPayload', 'listEvents'] as const),
]);

/** False: the operation does not care for what is pending. */
export function caresFor(name: OperationName): boolean {
  return !OF_NO_RUN.has(name);
}

export function settleFor(name: OperationName, [first]: readonly unknown[], pending: PendingRuns): void {
  if (pending.isEmpty || OF_NO_RUN.has(name)) return;
  if (OF_ONE_RUN.has(name)) pending.settle(String(Array.isArray(first) ? first[0] : first));
  else pending.settleAll();
}
