// Retention of the store's records put together.
import { RecordSweeper } from '../pipeline/retention/record-sweeper.ts';
import type { RunRules } from '../core/record-retention.ts';
import type { Ground } from './ground.ts';

export function makeRecordSweeper({ store, clock, events, config, artifacts, pipelines }: Ground): RecordSweeper {
  return new RecordSweeper({
    ...{ store, clock, events },
    rules: { ...runRules(config), keepVersions: config.retention.keepVersions },
    ownRules: () => {
      const declared = [...pipelines.current().values()];
      return new Map(declared.flatMap(({ name, retention }) => (retention === undefined ? [] : [[name, retention]])));
    },
    storeTimeoutMs: config.store.timeout,
    belongings: artifacts,
  });
}

/** The system's rules. */
export function runRules({ retention }: Ground['config']): RunRules {
  const { keepFor, keepRuns, keepLogsFor, keepArtifactsFor } = retention;
  return { keepForMs: keepFor, keepRuns, keepLogsForMs: keepLogsFor, keepArtifactsForMs: keepArtifactsFor };
}
