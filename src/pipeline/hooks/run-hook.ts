// One hook: its plugins group by group, ascending by order; a group runs in parallel on one snapshot, then its data is merged.
// The plugins of a group that has begun are always awaited; a failHard failure keeps the groups behind it from starting.
import type { JsonObject } from '../../core/json.ts';
import { isSuccessful } from '../../core/outcome.ts';
import type { MergeConflictPolicy, Pipeline } from '../../core/pipeline.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { HookRecord, HookWait, RunFailure, RunWarning } from '../../core/run.ts';
import { emptyObject, resultEntry, withMember, type RunFlow } from '../graph/build-context.ts';
import { conflictReports } from './conflict-reports.ts';
import { invokePlugin, type PluginCall, type PluginEnd } from '../invocation/invoke-plugin.ts';
import { invokeWithRetries } from '../invocation/invoke-with-retries.ts';
import { mergeResults, type Patch } from '../graph/merge-results.ts';
import { mergedJson } from '../graph/merged-json.ts';
import { verdictFor, type HookPlan } from '../graph/plan-hooks.ts';
import { retryPolicyOf } from '../graph/retry-policy.ts';
import type { RunScope } from '../run-scope.ts';
import { RunStop } from '../run-stop.ts';

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
  /** what is to be kept in the hook's record */
  readonly marks?: HookMarks;
}

/** What of a hook outlasts its waits. */
export type HookMarks = Pick<HookRecord, 'approval' | 'child'>;

/** What holds for a hook beside its own plan. */
export interface HookTerms extends Pick<Pipeline, 'onMergeConflict' | 'retries'> {
  /** what stands in its results beside its plugins */
  readonly entries: JsonObject;
  /** since when its time counts, unix milliseconds */
  readonly sinceMs: number;
}

interface Progress {
  flow: RunFlow;
  readonly results: JsonObject;
  failure: RunFailure | null;
  readonly warnings: RunWarning[];
  readonly ends: PluginEnd[];
}

/** May be called again for a hook that waits: what its plugins gave is taken over. */
export async function runHook(scope: RunScope, plan: HookPlan, flow: RunFlow, terms: HookTerms): Promise<HookEnd> {
  using hookStop = new RunStop();
  const { timeoutMs } = plan.spec;
  const time = timeOf(scope, timeoutMs, terms.sinceMs, hookStop);
  const progress = begun(plan, flow, terms.entries);
  let isInterrupted = false;
  for (const group of plan.groups) {
    if (scope.stop.reason !== null) isInterrupted = true;
    if (isInterrupted || progress.failure !== null) break;
    const ends = await runGroup(scope, group, (version) => ({
      hook: plan.hook,
      hookIndex: plan.index,
      hookTimeoutMs: timeoutMs,
      version,
      retries: retryPolicyOf(plan.spec, version.plugin, terms),
      flow: progress.flow,
      item: null,
      verdict: verdictFor(plan.section, scope.writes.planned.verdict),
      ...time,
    }));
    if (scope.stop.reason !== null && ends.some(isCutShort)) isInterrupted = true;
    const waits = waitOf(ends);
    if (waits !== null) return waiting(scope, progress.flow, [...progress.ends, ...ends], waits, isInterrupted);
    takeGroup(plan.hook, ends, progress, terms.onMergeConflict);
  }
  const { failure, warnings, ends } = progress;
  return { flow: progress.flow, warnings, failure, isInterrupted, isSkipped: false, ends };
}

function begun({ hook }: HookPlan, flow: RunFlow, entries: JsonObject): Progress {
  const results = Object.assign(emptyObject(), entries);
  const hasEntries = Object.keys(results).length > 0;
  const own = hasEntries ? { ...flow, results: withMember(flow.results, hook, entries) } : flow;
  return { flow: own, results, failure: null, warnings: [], ends: [] };
}

/** Until the first of the plugins is to be called again; null: none is. */
export function waitOf(ends: readonly PluginEnd[]): HookWait | null {
  const times = ends.flatMap(({ retryAtMs }) => (retryAtMs === null ? [] : [retryAtMs]));
  return times.length === 0 ? null : { untilMs: Math.min(...times) };
}

/** The hook goes on later: what its plugins gave by now is taken over then, by this worker from here, by another one from the store. */
export function waiting(
  { earlier }: RunScope,
  flow: RunFlow,
  ends: readonly PluginEnd[],
  waits: HookWait,
  isInterrupted: boolean,
): HookEnd {
  for (const { invocation, result } of ends) earlier.add(invocation, result);
  return { flow, warnings: [], failure: null, isInterrupted, isSkipped: false, ends, waits };
}

/** The smaller of what hook and run leave. */
export function timeOf(
  { ports, stop, lease, deadlines }: RunScope,
  timeoutMs: number | null,
  sinceMs: number,
  hookStop: RunStop,
): Pick<PluginCall, 'stop' | 'remainingMs'> {
  // Joined signals are dear, so only where the hook has a time of its own.
  if (timeoutMs === null) return { stop: stop.signal, remainingMs: () => lease.remainingMs };
  const leftMs = sinceMs + timeoutMs - ports.clock.nowMs();
  const endsAtMs = ports.clock.monotonicMs() + leftMs;
  hookStop.stopAfter(deadlines, leftMs, 'hook_timeout');
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
  const [first] = group;
  if (group.length === 1 && first !== undefined) return [await invokeOne(scope, callOf(first))];
  const settled = await Promise.allSettled(group.map((version) => invokeOne(scope, callOf(version))));
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

async function invokeOne(scope: RunScope, call: PluginCall): Promise<PluginEnd> {
  try {
    const isFirst = call.retries === null && scope.earlier.isEmpty;
    return await (isFirst ? invokePlugin(scope, call) : invokeWithRetries(scope, call));
  } catch (error) {
    // The store or the lease is lost, or we are at fault: nothing of this run can be recorded, so its siblings end, too.
    scope.stop.stop('lease_lost');
    throw error;
  }
}

function takeGroup(
  hook: string,
  ends: readonly PluginEnd[],
  progress: Progress,
  onMergeConflict: MergeConflictPolicy,
): void {
  progress.ends.push(...ends);
  for (const end of ends) takeEnd(hook, end, progress);
  const patches = ends.flatMap((end) => patchOf(end));
  const { data, conflicts } = mergeResults(progress.flow.data, patches);
  const reports = conflictReports(hook, conflicts, onMergeConflict, true);
  progress.failure ??= reports.failure;
  progress.warnings.push(...reports.warnings);
  // A copy per group: the plugins of the next one must not see the entries of their siblings appear.
  const results = Object.assign(emptyObject(), progress.results);
  const dataJson = mergedJson(progress.flow, patches);
  const flow = { data, results: withMember(progress.flow.results, hook, results) };
  progress.flow = dataJson === undefined ? flow : { ...flow, dataJson };
}

function patchOf({ outcome, result, resultJson, version }: PluginEnd): readonly (Patch & { readonly json: string })[] {
  if (outcome.code !== 'ok' || result === null) return [];
  return [{ plugin: version.plugin.name, data: result, json: resultJson ?? JSON.stringify(result) }];
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

/** True when the stop, not the plugin, ended the invocation, or kept the next attempt from being made. */
export function isCutShort({ outcome, retryAtMs }: PluginEnd): boolean {
  return outcome.code === 'cancelled' || outcome.code === 'lost' || retryAtMs !== null;
}
