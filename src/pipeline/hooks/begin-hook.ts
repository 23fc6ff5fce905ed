// What stands between a hook whose time has come and its plugins: a conflict of the branches that meet here, `when`, a decision, `forEach`. An expression
// sees what the hook's plugins see. One that fails is a fault of the pipeline: the run fails at this hook.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Pipeline } from '../../core/pipeline.ts';
import type { HookRecord, RunFailure } from '../../core/run.ts';
import { buildContext, type RunFlow } from '../graph/build-context.ts';
import type { ConflictReports } from './conflict-reports.ts';
import { failureOf } from '../end-run.ts';
import { runEachItem } from './for-each-item.ts';
import { verdictFor, type HookPlan } from '../graph/plan-hooks.ts';
import { runHook, type HookEnd, type HookTerms } from './run-hook.ts';
import type { RunScope } from '../run-scope.ts';
import { takeUpHook } from './take-up-hook.ts';

/** Items of one `forEach`. */
export const ITEMS_MAX = 10_000;

export interface HookStart {
  readonly plan: HookPlan;
  readonly before: RunFlow;
  /** of the branches that meet at the hook */
  readonly conflicts: ConflictReports;
  /** the hook's, as it stands now that it has begun, or goes on after a wait */
  readonly record: HookRecord;
}

export async function beginHook(
  scope: RunScope,
  pipeline: Pick<Pipeline, 'onMergeConflict' | 'retries'>,
  { plan, before, conflicts, record }: HookStart,
): Promise<HookEnd> {
  const { failure, warnings } = conflicts;
  if (failure !== null) return untouched(before, { failure });
  const skipped = skippedBy(scope, plan, before) ?? withoutPlugins(plan, before);
  if (skipped !== null) return { ...skipped, warnings: [...warnings, ...skipped.warnings] };
  const end = await takeUpHook(scope, plan, before, record, (terms) =>
    callPlugins(scope, plan, before, { ...pipeline, ...terms }),
  );
  return warnings.length === 0 ? end : { ...end, warnings: [...warnings, ...end.warnings] };
}

async function callPlugins(scope: RunScope, plan: HookPlan, before: RunFlow, terms: HookTerms): Promise<HookEnd> {
  const found = itemsOf(scope, plan, before);
  if (found?.end !== undefined) return found.end;
  if (found === null) return await runHook(scope, plan, before, terms);
  return await runEachItem(scope, plan, before, found.items, terms);
}

/** Null: there is something to be called, or to be waited for. */
function withoutPlugins({ hook, groups, isLeftOut, spec }: HookPlan, before: RunFlow): HookEnd | null {
  if (groups.length > 0 || spec.approval !== null || spec.run !== null) return null;
  if (isLeftOut) return untouched(before, { isSkipped: true, note: "all its plugins are left out by the run's tags" });
  const message = `no plugin serves the hook ${hook}`;
  const warnings = [{ code: 'HOOK_WITHOUT_PLUGINS', message, hook, plugin: null }];
  return untouched(before, { isSkipped: true, note: 'no plugin serves it', warnings });
}

/** Null: its condition holds, or it has none. */
function skippedBy(scope: RunScope, plan: HookPlan, before: RunFlow): HookEnd | null {
  const { when } = plan.spec;
  if (when === null) return null;
  const found = evaluate(scope, plan, before, 'when', when);
  if (found.failure !== null) return untouched(before, { failure: found.failure });
  if (found.value === true) return null;
  if (found.value === false) return untouched(before, { isSkipped: true, note: `when is false: ${when}` });
  return untouched(before, { failure: wrongKind(plan, 'when', found.value, 'true or false') });
}

/** The items, or how the hook ends without any. */
type Items =
  | { readonly items: readonly JsonValue[]; readonly end?: undefined }
  | { readonly items?: undefined; readonly end: HookEnd };

/** Null: it has no `forEach`. */
function itemsOf(scope: RunScope, plan: HookPlan, before: RunFlow): Items | null {
  const { forEach } = plan.spec;
  if (forEach === null) return null;
  const end = (changes: Partial<HookEnd>): Items => ({ end: untouched(before, changes) });
  const { failure, value } = evaluate(scope, plan, before, 'forEach', forEach);
  if (failure !== null) return end({ failure });
  if (!Array.isArray(value)) return end({ failure: wrongKind(plan, 'forEach', value, 'a list') });
  if (value.length === 0) return end({ isSkipped: true, note: `no items: ${forEach}` });
  if (value.length <= ITEMS_MAX) return { items: value };
  const message = `forEach of ${plan.hook} gave ${String(value.length)} items, at most ${String(ITEMS_MAX)} are taken`;
  return end({ failure: failureOf('EXPRESSION_INVALID', message, plan.hook) });
}

function evaluate(
  { lease, ports, writes }: RunScope,
  { hook, section }: HookPlan,
  flow: RunFlow,
  key: string,
  source: string,
): { readonly value: JsonValue; readonly failure: RunFailure | null } {
  const { params, data, results, run } = buildContext(
    lease.run,
    hook,
    flow,
    verdictFor(section, writes.planned.verdict),
  );
  try {
    const value = ports.expressions.compile(source).evaluate({ params, data, results, run: { ...run } });
    return { value, failure: null };
  } catch (error) {
    if (!(error instanceof GantryError) || error.code !== 'EXPRESSION_INVALID') throw error;
    const message = `${key} of ${hook}: ${error.message}`.slice(0, 2_000);
    return { value: null, failure: failureOf('EXPRESSION_INVALID', message, hook) };
  }
}

function wrongKind({ hook }: HookPlan, key: string, value: JsonValue, wanted: string): RunFailure {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
  return failureOf('EXPRESSION_INVALID', `${key} of ${hook} gave ${kind}, not ${wanted}`, hook);
}

/** The end of a hook that called nobody. */
function untouched(flow: RunFlow, end: Partial<HookEnd>): HookEnd {
  return { flow, warnings: [], failure: null, isInterrupted: false, isSkipped: false, ends: [], ...end };
}
