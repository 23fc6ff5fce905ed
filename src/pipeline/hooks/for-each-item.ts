// A hook with `forEach`: its plugins are called once per item, `maxParallel` items at once, group by group as everywhere. The item is what a
// plugin gets as data; what it gives stands in `results[hook][plugin]` at the item's place, and the run's own data stays as it is.
// A failed item of a failHard plugin keeps further items from beginning; those under way are awaited.
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { isSuccessful } from '../../core/outcome.ts';
import type { RunFailure, RunWarning } from '../../core/run.ts';
import { emptyObject, resultEntry, withMember, type RunFlow } from '../graph/build-context.ts';
import type { PluginCall, PluginEnd } from '../invocation/invoke-plugin.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { HookPlan } from '../graph/plan-hooks.ts';
import { retryPolicyOf } from '../graph/retry-policy.ts';
import { isCutShort, runGroup, timeOf, waiting, waitOf, type HookEnd, type HookTerms } from './run-hook.ts';
import type { RunScope } from '../run-scope.ts';
import { RunStop } from '../run-stop.ts';

/** Ends of a group's plugins by item; null: the item was not begun. */
type ItemEnds = readonly (readonly PluginEnd[] | null)[];

export async function runEachItem(
  scope: RunScope,
  plan: HookPlan,
  before: RunFlow,
  items: readonly JsonValue[],
  terms: HookTerms,
): Promise<HookEnd> {
  using hookStop = new RunStop();
  const time = timeOf(scope, plan.spec.timeoutMs, terms.sinceMs, hookStop);
  const results: JsonObject = Object.assign(emptyObject(), terms.entries);
  const warnings: RunWarning[] = [];
  const all: PluginEnd[] = [];
  let flow = before;
  let failure: RunFailure | null = null;
  let isInterrupted = false;
  for (const group of plan.groups) {
    if (scope.stop.reason !== null) isInterrupted = true;
    if (isInterrupted || failure !== null) break;
    const ends = await overItems(scope, plan, group, items.length, time.stop, (version, index) => ({
      hook: plan.hook,
      hookIndex: plan.index,
      hookTimeoutMs: plan.spec.timeoutMs,
      version,
      retries: retryPolicyOf(plan.spec, version.plugin, terms),
      flow: { data: items[index] ?? null, results: flow.results },
      item: { index, count: items.length },
      verdict: null,
      ...time,
    }));
    const begun = ends.flatMap((item) => item ?? []);
    const isCut = ends.some((item) => item === null || item.some(isCutShort));
    if (scope.stop.reason !== null && isCut) isInterrupted = true;
    const waits = waitOf(begun);
    if (waits !== null) return waiting(scope, flow, [...all, ...begun], waits, isInterrupted);
    group.forEach(({ plugin }, at) => {
      results[plugin.name] = ends.map((item) => entryOf(item?.[at] ?? null));
    });
    const told = reportsOf(plan.hook, group, ends, time.stop.aborted);
    failure = told.failure;
    warnings.push(...told.warnings);
    all.push(...begun);
    flow = { data: before.data, results: withMember(before.results, plan.hook, Object.assign(emptyObject(), results)) };
  }
  return { flow, warnings, failure, isInterrupted, isSkipped: false, ends: all };
}

/** So many lanes, each taking the next item when it is done with one. @throws what broke an invocation, when all lanes have ended */
async function overItems(
  scope: RunScope,
  plan: HookPlan,
  group: readonly PluginVersion[],
  count: number,
  stop: AbortSignal,
  callOf: (version: PluginVersion, index: number) => PluginCall,
): Promise<ItemEnds> {
  const ends: (readonly PluginEnd[] | null)[] = Array.from({ length: count }, () => null);
  let next = 0;
  let isFailed = false;
  const lane = async (): Promise<void> => {
    while (next < count && !isFailed && !stop.aborted) {
      const index = next;
      next += 1;
      const end = await runGroup(scope, group, (version) => callOf(version, index));
      ends[index] = end;
      isFailed ||= end.some(isHardFailure);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(plan.spec.maxParallel, count) }, lane));
  for (const one of lanes) if (one.status === 'rejected') throw one.reason;
  return ends;
}

function isHardFailure({ version, outcome, retryAtMs }: PluginEnd): boolean {
  return version.plugin.failHard && !isSuccessful(outcome) && retryAtMs === null;
}

function entryOf(end: PluginEnd | null): JsonObject {
  if (end === null) return resultEntry('skipped', null, null);
  const { outcome, result } = end;
  if (isSuccessful(outcome)) return resultEntry(outcome.code === 'ok' ? 'success' : 'skipped', result, null);
  return resultEntry('error', result, { code: outcome.code, message: outcome.message });
}

interface Told {
  readonly failure: RunFailure | null;
  readonly warnings: readonly RunWarning[];
}

/** The first failed item of a failHard plugin fails the hook; other failures are warnings, each naming its item. */
function reportsOf(hook: string, group: readonly PluginVersion[], ends: ItemEnds, isOver: boolean): Told {
  const failures: RunFailure[] = [];
  const warnings: RunWarning[] = [];
  ends.forEach((item, index) => {
    for (const { version, outcome, warnings: said } of item ?? []) {
      const plugin = version.plugin.name;
      const at = (code: string, message: string): RunWarning => ({
        code,
        message: `item ${String(index)}: ${message}`,
        hook,
        plugin,
      });
      warnings.push(...said.map(({ code, message }) => at(code, message)));
      if (isSuccessful(outcome)) continue;
      (version.plugin.failHard ? failures : warnings).push(at(outcome.code, outcome.message));
    }
  });
  const late = failures.length === 0 && isOver ? lateItems(hook, group, ends) : null;
  if (late !== null) (late.isHard ? failures : warnings).push(late.report);
  return { failure: failures[0] ?? null, warnings: [...warnings, ...failures.slice(1)] };
}

/** Items that the time of the hook kept from beginning. */
function lateItems(
  hook: string,
  group: readonly PluginVersion[],
  ends: ItemEnds,
): { readonly report: RunWarning; readonly isHard: boolean } | null {
  const count = ends.filter((item) => item === null).length;
  if (count === 0) return null;
  const hard = group.find(({ plugin }) => plugin.failHard);
  const message = `${String(count)} of ${String(ends.length)} items were not begun: the time was up`;
  return {
    report: { code: 'timeout', message, hook, plugin: hard?.plugin.name ?? null },
    isHard: hard !== undefined,
  };
}
