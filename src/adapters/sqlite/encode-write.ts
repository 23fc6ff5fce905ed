// One write of a chain as the operation of the database thread that makes it. Rows travel flat; the thread knows nothing of records.
import type { StoreWrite } from '../../core/ports/store.ts';
import type { LinkOperation } from './operations.ts';
import { EVENTS, INVOCATIONS, LOGS, RUNS } from './records.ts';

export const FIXED_RUN_FIELDS = ['id', 'part', 'pipeline', 'createdAtMs', 'idempotencyKey'] as const;
export const FIXED_INVOCATION_FIELDS = ['id', 'runId', 'createdAtMs'] as const;

export function encodeWrite(write: StoreWrite): LinkOperation {
  switch (write.kind) {
    case 'insertRun':
      return ['insertRun', [RUNS.encode(write.run)]];
    case 'updateRun':
      return ['updateRun', [write.id, write.guard, RUNS.encodeChanges(write.changes, FIXED_RUN_FIELDS)]];
    case 'insertInvocation':
      return ['keepInvocation', [INVOCATIONS.encode(write.invocation)]];
    case 'updateInvocation': {
      const row = INVOCATIONS.encodeChanges(write.changes, FIXED_INVOCATION_FIELDS);
      return ['updateInvocation', [write.id, write.guard.states, row]];
    }
    case 'putPayload':
      return ['putPayload', [write.runId, write.name, write.json]];
    case 'appendEvents':
      return ['appendEvents', [write.events.map((event) => EVENTS.encode(event))]];
    case 'appendLogs':
      return ['appendLogs', [write.lines.map((line) => LOGS.encode(line))]];
  }
}
