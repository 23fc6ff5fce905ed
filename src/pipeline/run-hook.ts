// One hook: its plugins group by group, ascending by order; a group runs in parallel on one snapshot, then its data is merged.
// The plugins of a group that has begun are always awaited; a failHard failure keeps the groups behind it from starting.
import type { JsonObject } from '../core/json.ts';
import { isSuccessful } from '../core/outcome.ts';
import type { MergeConflictPolicy } from '../core/pipeline.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { HookWait, RunFailure, RunWarning } from '../core/run.ts';
import { emptyObject, resultEntry, withMember, type RunFlow } from './build-context.ts';
import { conflictReports } from './conflict-reports.ts';
import { invokePlugin, type PluginCall, type PluginEnd } from './invoke-plugin.ts';
import { mergeResults } from './merge-results.ts';
import { verdictFor, type HookPlan } from './plan-hooks.ts';
import type { RunScope } from './run-scope.ts';
import { RunStop } from './run-stop.ts';

export interface HookEnd {
  readonly flow: RunFlow;
  readonly warnings: readonly RunWarning[];
  /** set when the run fails at this hook */
  readonly failure: RunFailure | null;
  /** true when the run was stopped before every plugin of the hook had its own end */
  readonly isInterrupted: boolean;
  /** true when no plugin was to be called */
  readonly isSkipped: boolean;
  readonly ends: readonly PluginEnd[];
  /** why it was skipped */
  readonly note?: string;
  /** set when the hook has not ended: it is run again when this is over, with what its plugins gave taken over */
  readonly waits?: HookWait;
}

interface Progress {
  flow: RunFlow;
  readonly results: JsonObject;
  failure: RunFailure | null;
  readonly warnings: RunWarning[];
  readonly ends: PluginEnd[];
}

/** @param _wait what it waited for when it was run before; null: it begins, or begins again after a kill */
export async function runHook(
  scope: RunScope,
  plan: HookPlan,
  flow: RunFlow,
  onMergeConflict: MergeConflictPolicy,
  _wait: HookWait | null = null,
): Promise<HookEnd> {
  using hookStop = new RunStop();
  const { timeoutMs } = plan.spec;
  const time = timeOf(scope, timeoutMs, hookStop);
  const progress: Progress = { flow, results: emptyObject(), failure: null, warnings: [], ends: [] };
  let isInterrupted = false;
  for (const group of plan.groups) {
    if (scope.stop.reason !== null) isInterrupted = true;
    if (isInterrupted || progress.failure !== null) break;
    const ends = await runGroup(scope, group, (version) => ({
      hook: plan.hook,
      hookIndex: plan.index,
      hookTimeoutMs: timeoutMs,
      version,
      flow: progress.flow,
      item: null,
      verdict: verdictFor(plan.section, scope.writes.planned.verdict),
      ...time,
    }));
    takeGroup(plan.hook, ends, progress, onMergeConflict);
    if (scope.stop.reason !== null && ends.some(isCutShort)) isInterrupted = true;
  }
  const { failure, warnings, ends } = progress;
  return { flow: progress.flow, warnings, failure, isInterrupted, isSkipped: false, ends };
}

/** The smaller of what hook and run leave. */
export function timeOf(
  { ports, stop, lease }: RunScope,
  timeoutMs: number | null,
  hookStop: RunStop,
): Pick<PluginCall, 'stop' | 'remainingMs'> {
  // Joined signals are dear, so only where the hook has a time of its own.
  if (timeoutMs === null) return { stop: stop.signal, remainingMs: () => lease.remainingMs };
  const endsAtMs = ports.clock.monotonicMs() + timeoutMs;
  hookStop.stopAfter(ports.clock, timeoutMs, 'hook_timeout');
  return {
    stop: AbortSignal.any([stop.signal, hookStop.signal]),
    remainingMs: () => Math.min(endsAtMs - ports.clock.monotonicMs(), lease.remainingMs),
  };
}

export async function runGroup(
  scope: RunScope,
  group: readonly PluginVersion[],
  callOf: (version: PluginVersion) => PluginCall,
): Promise<readonly PluginEnd[]> {
  const settled = await Promise.allSettled(
    group.map(async (version) => {
      try {
        return await invokePlugin(scope, callOf(version));
      } catch (error) {
        // The store or the lease is lost, or we are at fault: nothing of this run can be recorded, so its siblings end, too.
        scope.stop.stop('lease_lost');
        throw error;
      }
    }),
  );
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

function takeGroup(
  hook: string,
  ends: readonly PluginEnd[],
  progress: Progress,
  onMergeConflict: MergeConflictPolicy,
): void {
  progress.ends.push(...ends);
  for (const end of ends) takeEnd(hook, end, progress);
  const patches = ends.flatMap(({ outcome, result, version }) =>
    outcome.code === 'ok' && result !== null ? [{ plugin: version.plugin.name, data: result }] : [],
  );
  const { data, conflicts } = mergeResults(progress.flow.data, patches);
  const reports = conflictReports(hook, conflicts, onMergeConflict, true);
  progress.failure ??= reports.failure;
  progress.warnings.push(...reports.warnings);
  // A copy per group: the plugins of the next one must not see the entries of their siblings appear.
  const results = Object.assign(emptyObject(), progress.results);
  progress.flow = { data, results: withMember(progress.flow.results, hook, results) };
}

function takeEnd(hook: string, { version, outcome, result, warnings }: PluginEnd, progress: Progress): void {
  const plugin = version.plugin.name;
  for (const { code, message } of warnings) progress.warnings.push({ code, message, hook, plugin });
  if (isSuccessful(outcome)) {
    const status = outcome.code === 'ok' ? 'success' : 'skipped';
    progress.results[plugin] = resultEntry(status, result, null);
    return;
  }
  const { code, message } = outcome;
  progress.results[plugin] = resultEntry('error', result, { code, message });
  if (version.plugin.failHard) progress.failure ??= { code, message, hook, plugin };
  else progress.warnings.push({ code, message, hook, plugin });
}

/** True when the stop, not the plugin, ended the invocation. */
export function isCutShort({ outcome }: PluginEnd): boolean {
  return outcome.code === 'cancelled' || outcome.code === 'lost';
}
