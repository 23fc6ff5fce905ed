// What becomes of places that plugins or hooks wrote in parallel, by the pipeline's policy.
import type { MergeConflictPolicy } from '../../core/pipeline.ts';
import type { RunFailure, RunWarning } from '../../core/run.ts';
import { describeConflict } from '../graph/describe-conflict.ts';
import type { MergeConflict } from '../graph/merge-results.ts';

export interface ConflictReports {
  /** the first of them, where the policy is to fail */
  readonly failure: RunFailure | null;
  readonly warnings: readonly RunWarning[];
}

/**
 * @param hook where they met; null: at the end of the run
 * @param isOfPlugins they are of plugins of that hook, not of hooks before it
 */
export function conflictReports(
  hook: string | null,
  conflicts: readonly MergeConflict[],
  policy: MergeConflictPolicy,
  isOfPlugins = false,
): ConflictReports {
  const reports = conflicts.map((conflict) => ({
    code: 'MERGE_CONFLICT',
    message: describeConflict(conflict),
    hook,
    plugin: isOfPlugins ? conflict.second : null,
  }));
  return policy === 'fail' ? { failure: reports[0] ?? null, warnings: [] } : { failure: null, warnings: reports };
}
