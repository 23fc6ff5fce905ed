// Retention of the store's records put together.
import { RecordSweeper } from '../pipeline/retention/record-sweeper.ts';
import type { Ground } from './ground.ts';

export function makeRecordSweeper({ store, clock, events, config, artifacts }: Ground): RecordSweeper {
  const { keepFor, keepRuns, keepLogsFor, keepVersions } = config.retention;
  return new RecordSweeper({
    ...{ store, clock, events },
    rules: { keepForMs: keepFor, keepRuns, keepLogsForMs: keepLogsFor, keepVersions },
    storeTimeoutMs: config.store.timeout,
    removeBelongings: (runId) => artifacts.removeOfRun(runId),
  });
}
