// The hooks that are run when the end of a run is certain: `onFailure` when it failed or its time was up, then `finally`, always; one after the
// other, each with a time of its own. They are told how the run ends (context.run) and cannot change it: what fails here is a warning, and
// `data` stays as it is. The verdict is stored with the first of them, so that whoever takes the run over after a kill or a drain goes on here.
import type { HookRecord, RunWarning, TerminalRunState, Verdict } from '../../core/run.ts';
import type { RetryPolicy } from '../../core/retry.ts';
import { beginHook } from './begin-hook.ts';
import type { RunFlow } from '../graph/build-context.ts';
import { endRun, letWait, requeue } from '../end-run.ts';
import { mayResume } from '../graph/may-resume.ts';
import { isUnfinished } from '../graph/next-hooks.ts';
import type { HookPlan, RunPlan } from '../graph/plan-hooks.ts';
import type { HookEnd } from './run-hook.ts';
import type { RunLedger } from '../records/run-ledger.ts';
import { storeFlow } from '../records/run-payloads.ts';
import type { RunScope } from '../run-scope.ts';

/** True for a hook that is still to be run when the run ends so. */
export function isDue(record: HookRecord | undefined, state: TerminalRunState): boolean {
  if (record?.section === undefined || !isUnfinished(record)) return false;
  return record.section === 'finally' || state === 'failed' || state === 'timed_out';
}

/** @throws LeaseLost, GantryError of the store or DEFECT; else the run has ended, waits, or is queued again */
export async function closeRun(
  scope: RunScope,
  ledger: RunLedger,
  plan: RunPlan,
  whole: RunFlow,
  verdict: Verdict,
): Promise<void> {
  const due = plan.closing.filter(({ index }) => isDue(ledger.hooks[index], verdict.state));
  if (due.length > 0) {
    openClosing(scope, ledger, due, verdict);
    const isOver = await runClosing(scope, ledger, due, plan.pipeline.retries, whole);
    if (!isOver) return;
  }
  await endRun(scope, ledger, verdict.state, verdict.failure);
}

/** From here on the run has the time of these hooks, and a cancel changes nothing any more. */
function openClosing(scope: RunScope, ledger: RunLedger, due: readonly HookPlan[], verdict: Verdict): void {
  const { lease, ports, stop, writes } = scope;
  const nowMs = ports.clock.nowMs();
  ledger.closeMain(verdict.state, nowMs);
  stop.renew();
  const durationMs = due.reduce((sum, { spec }) => sum + (spec.timeoutMs ?? 0), 0);
  lease.expireIn(durationMs);
  const startedAtMs = writes.planned.startedAtMs ?? nowMs;
  writes.note({ verdict, startedAtMs, deadlineAtMs: Math.ceil(nowMs + durationMs) });
}

/** @returns false when the run is not to be ended here and now */
async function runClosing(
  scope: RunScope,
  ledger: RunLedger,
  due: readonly HookPlan[],
  retries: RetryPolicy | null,
  whole: RunFlow,
): Promise<boolean> {
  let flow = whole;
  for (const plan of due) {
    if (scope.stop.reason === 'draining') {
      await requeue(scope, ledger);
      return false;
    }
    start(scope, ledger, plan);
    const conflicts = { failure: null, warnings: [] };
    const terms = { onMergeConflict: 'warn', retries } as const;
    const record = ledger.record(plan.index);
    const end = await beginHook(scope, terms, { plan, before: flow, conflicts, record });
    if (await hasLeft(scope, ledger, plan, end)) return false;
    flow = take(scope, ledger, plan, flow, end);
  }
  return true;
}

function start({ ports, writes }: RunScope, ledger: RunLedger, { index }: HookPlan): void {
  ledger.startHook(index, ports.clock.nowMs());
  writes.note(ledger.changes());
  for (const event of ledger.takeEvents()) writes.tell(event);
}

/** True when the run was let go in the middle of the hook. */
async function hasLeft(scope: RunScope, ledger: RunLedger, { index }: HookPlan, end: HookEnd): Promise<boolean> {
  const { lease, stop } = scope;
  if (stop.reason === 'lease_lost') {
    lease.lose('the worker stopped this run');
    await lease.note({});
    return true;
  }
  if (end.waits !== undefined) {
    ledger.waitHook(index, end.waits);
    // What it may be told by now changes nothing any more.
    const dueAtMs = end.waits.untilMs;
    for (let hasLeft = false; !hasLeft;) hasLeft = await letWait(scope, ledger, { dueAtMs, told: lease.told });
    return true;
  }
  if (stop.reason !== 'draining' || !end.isInterrupted || !mayResume(end.ends)) return false;
  ledger.resetHook(index);
  await requeue(scope, ledger);
  return true;
}

/** @returns what the next hook sees: the results of this one, too, and the same data */
function take(scope: RunScope, ledger: RunLedger, plan: HookPlan, before: RunFlow, end: HookEnd): RunFlow {
  const flow = { data: before.data, results: end.flow.results };
  const overflow = storeFlow(scope, before, flow);
  const late = overflow === null ? [] : [{ code: 'output_limit', message: overflow, hook: plan.hook, plugin: null }];
  const failures: readonly RunWarning[] = [...late, ...(end.failure === null ? [] : [end.failure])];
  ledger.warn([...end.warnings, ...failures]);
  const endedWell = end.isSkipped ? 'skipped' : 'succeeded';
  const state = failures.length === 0 && !end.isInterrupted ? endedWell : 'failed';
  ledger.endHook(plan.index, state, scope.ports.clock.nowMs(), end.note ?? null);
  return overflow === null ? flow : before;
}
