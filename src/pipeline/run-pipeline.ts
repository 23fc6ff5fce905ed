// A claimed run from its first unfinished hook to its end. Every step is durable before the next one begins; finished hooks are never
// run again (I-6: resume, not restart).
//   per hook: run it → store data and results → one write: its end and the start of the next hook, or the end of the run
import type { Pipeline } from '../core/pipeline.ts';
import { adoptPipeline } from './adopt-pipeline.ts';
import type { RunFlow } from './build-context.ts';
import { endRun, endStopped, failureOf } from './end-run.ts';
import { planHooks, type HookPlan } from './plan-hooks.ts';
import { runHook, type HookEnd } from './run-hook.ts';
import { RunLedger } from './run-ledger.ts';
import { loadFlow, storeFlow } from './run-payloads.ts';
import type { RunScope } from './run-scope.ts';

/** @throws LeaseLost, GantryError of the store or DEFECT; else the run has ended or is queued again */
export async function runPipeline(scope: RunScope): Promise<void> {
  const { lease, ports } = scope;
  const adopted = adoptPipeline(lease.run, ports.pipelines());
  const ledger = new RunLedger(lease.run, adopted.hooks);
  ledger.warn(adopted.warnings);
  if (adopted.pipeline === null) {
    await endRun(scope, ledger, 'failed', adopted.failure);
    return;
  }
  const { pipeline } = adopted;
  armDeadline(scope, pipeline);
  let flow = await loadFlow(scope);
  const plans = planHooks(pipeline, ports.catalog.snapshot()).slice(ledger.firstUnfinished);
  for (const plan of plans) {
    if (scope.stop.reason !== null) {
      await endStopped(scope, ledger, plan.index, null);
      return;
    }
    startHook(scope, ledger, plan, pipeline);
    const end = await runHook(scope, plan, flow, pipeline.onMergeConflict);
    const isOver = await takeHook(scope, ledger, plan, flow, end);
    if (isOver) return;
    flow = end.flow;
  }
  await endRun(scope, ledger, 'succeeded', null);
}

/** The deadline counts from the first claim, also over a restart. */
function armDeadline(scope: RunScope, pipeline: Pipeline): void {
  const { lease, ports, stop } = scope;
  const nowMs = ports.clock.nowMs();
  const remainingMs = (lease.run.deadlineAtMs ?? nowMs + pipeline.timeoutMs) - nowMs;
  lease.expireIn(remainingMs);
  stop.stopAfter(ports.clock, remainingMs, 'pipeline_timeout');
  if (lease.run.cancelRequestedAtMs !== null) stop.stop('cancelled');
}

/** The start of a hook, to be written together with the end of the one before it, and before its plugins are called. */
function startHook(scope: RunScope, ledger: RunLedger, plan: HookPlan, pipeline: Pipeline): void {
  const { lease, ports, writes } = scope;
  const nowMs = ports.clock.nowMs();
  ledger.startHook(plan.index, nowMs);
  const { startedAtMs, deadlineAtMs } = lease.run;
  writes.note({
    ...ledger.changes(),
    pipelineVersion: pipeline.version,
    startedAtMs: startedAtMs ?? nowMs,
    deadlineAtMs: deadlineAtMs ?? Math.ceil(nowMs + lease.remainingMs),
  });
  for (const event of ledger.takeEvents()) writes.tell(event);
}

/** Takes over what a hook left. @returns true when the run is over for this worker */
async function takeHook(
  scope: RunScope,
  ledger: RunLedger,
  plan: HookPlan,
  before: RunFlow,
  end: HookEnd,
): Promise<boolean> {
  const { stop, ports } = scope;
  const isOver = stop.reason !== null && (stop.reason !== 'draining' || end.isInterrupted);
  if (isOver && stop.reason === 'draining') {
    await endStopped(scope, ledger, plan.index, end);
    return true;
  }
  ledger.warn(end.warnings);
  const overflow = storeFlow(scope, before, end.flow);
  if (isOver) {
    await endStopped(scope, ledger, plan.index, end);
    return true;
  }
  const failure = overflow === null ? end.failure : failureOf('output_limit', overflow, plan.hook);
  const endedWell = plan.groups.length === 0 ? 'skipped' : 'succeeded';
  ledger.endHook(plan.index, failure === null ? endedWell : 'failed', ports.clock.nowMs());
  if (failure === null) return false;
  await endRun(scope, ledger, 'failed', failure);
  return true;
}
