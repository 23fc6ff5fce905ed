// One write of a chain as the operation of the database thread that makes it. Rows travel as plain lists of values; the thread knows nothing
// of records.
import type { StoreWrite } from '../../core/ports/store.ts';
import { encodeEvents } from './event-rows.ts';
import type { LinkOperation } from './operations.ts';
import { INVOCATIONS, LOG_LINES, RUNS } from './records.ts';

export const FIXED_RUN_FIELDS = ['id', 'part', 'pipeline', 'createdAtMs', 'idempotencyKey'] as const;
export const FIXED_INVOCATION_FIELDS = ['id', 'runId', 'createdAtMs'] as const;

export function encodeWrite(write: StoreWrite): LinkOperation {
  switch (write.kind) {
    case 'insertRun':
      return ['insertRun', [RUNS.values(write.run)]];
    case 'updateRun':
      return ['updateRun', [write.id, write.guard, RUNS.encodeChanges(write.changes, FIXED_RUN_FIELDS)]];
    case 'insertInvocation':
      return ['keepInvocation', [INVOCATIONS.values(write.invocation)]];
    case 'updateInvocation': {
      const changes = INVOCATIONS.encodeChanges(write.changes, FIXED_INVOCATION_FIELDS);
      return ['updateInvocation', [write.id, write.guard.states, changes]];
    }
    case 'putPayload':
      return ['putPayload', [write.runId, write.name, write.json]];
    case 'appendEvents':
      return ['appendEvents', [encodeEvents(write.events)]];
    case 'appendLogs':
      return ['appendLogs', [write.lines.map((line) => LOG_LINES.values(line))]];
  }
}
