// A claimed run from where it stands to its end. Every step is durable before what depends on it begins; finished hooks are never run again
// (I-6: resume, not restart). The hooks themselves are walk-hooks' affair: this decides what is made of how they came to rest.
import type { Pipeline } from '../core/pipeline.ts';
import type { Verdict } from '../core/run.ts';
import { adoptPipeline, type Adopted } from './adopt-pipeline.ts';
import { catalogOf } from './asked-versions.ts';
import { closeRun } from './hooks/close-run.ts';
import { endRun, letWait } from './end-run.ts';
import { endStopped } from './end-stopped.ts';
import { planHooks, type RunPlan } from './graph/plan-hooks.ts';
import { freshFlows, openFlows } from './records/run-payloads.ts';
import { RunLedger } from './records/run-ledger.ts';
import type { RunScope } from './run-scope.ts';
import { takeOverArtifacts } from './take-over-artifacts.ts';
import { HookWalk, type Rest } from './hooks/walk-hooks.ts';

/** @throws LeaseLost, GantryError of the store or DEFECT; else the run has ended, waits, or is queued again */
export async function runPipeline(scope: RunScope): Promise<void> {
  const { lease, ports, fresh } = scope;
  const adopted = fresh === null ? await adoptNewest(scope) : adoptPipeline(lease.run, ports.pipelines());
  const ledger = new RunLedger(lease.run, adopted.hooks);
  ledger.warn(adopted.warnings);
  if (adopted.pipeline === null) {
    const { state, failure } = lease.run.verdict ?? { state: 'failed', failure: adopted.failure };
    await endRun(scope, ledger, state, failure);
    return;
  }
  armDeadline(scope, adopted.pipeline);
  // A new run was asked for no other versions than those that serve: such a run is queued.
  const catalog = fresh === null ? await catalogOf(scope) : ports.catalog.snapshot();
  const plan = planHooks(adopted.pipeline, catalog, lease.run);
  if (fresh === null) ledger.warn(await takeOverArtifacts(scope));
  const flows = fresh === null ? await openFlows(scope, plan, ledger.hooks) : freshFlows(plan, fresh);
  const walk = new HookWalk(scope, ledger, plan, flows, (verdict) => {
    noteProgress(scope, ledger, plan, verdict);
  });
  const verdict = await walkToRest(scope, ledger, walk);
  if (verdict !== null) await closeRun(scope, ledger, plan, flows.whole, verdict);
}

/** Another program may have read a change of the pipelines before us, and made or begun the run by it: then they are read here, too. */
async function adoptNewest({ lease: { run }, ports }: RunScope): Promise<Adopted> {
  const adopted = adoptPipeline(run, ports.pipelines());
  if (adopted.failure === null && adopted.warnings.length === 0) return adopted;
  await ports.rereadPipelines?.();
  return adoptPipeline(run, ports.pipelines());
}

/** How the run ends; null: it waits, is queued again, or is another worker's. */
async function walkToRest(scope: RunScope, ledger: RunLedger, walk: HookWalk): Promise<Verdict | null> {
  for (;;) {
    const rest = await walk.walk();
    const isWaiting = rest.verdict === null && scope.stop.reason === null;
    if (!isWaiting) return await verdictOf(scope, ledger, rest);
    if (await letWait(scope, ledger, rest)) return null;
  }
}

async function verdictOf(scope: RunScope, ledger: RunLedger, { verdict, cutShort }: Rest): Promise<Verdict | null> {
  if (verdict === null) return await endStopped(scope, ledger, cutShort);
  for (const { plan } of cutShort) ledger.endHook(plan.index, 'cancelled', scope.ports.clock.nowMs());
  return verdict;
}

/** The deadline counts from the first claim, also over a restart; one that the run was started with holds when it is sooner. */
function armDeadline(scope: RunScope, pipeline: Pipeline): void {
  const { lease, ports, stop, deadlines } = scope;
  const nowMs = ports.clock.nowMs();
  const { startedAtMs, deadlineAtMs } = lease.run;
  const ownMs = startedAtMs === null ? pipeline.timeoutMs : Number.POSITIVE_INFINITY;
  const remainingMs = deadlineAtMs === null ? pipeline.timeoutMs : Math.min(deadlineAtMs - nowMs, ownMs);
  lease.expireIn(remainingMs);
  stop.stopAfter(deadlines, remainingMs, 'pipeline_timeout');
  if (lease.run.cancelRequestedAtMs !== null) stop.stop('cancelled');
}

/** How far the hooks have come, for the next write: that of the first plugin called, or of the end. */
function noteProgress(
  { lease, ports, writes }: RunScope,
  ledger: RunLedger,
  { pipeline }: RunPlan,
  verdict: Verdict | null,
): void {
  const nowMs = ports.clock.nowMs();
  const { startedAtMs, deadlineAtMs } = writes.planned;
  writes.note({
    ...ledger.changes(),
    ...(verdict === null ? {} : { verdict }),
    pipelineVersion: pipeline.version,
    startedAtMs: startedAtMs ?? nowMs,
    deadlineAtMs: startedAtMs === null || deadlineAtMs === null ? Math.ceil(nowMs + lease.remainingMs) : deadlineAtMs,
  });
  for (const event of ledger.takeEvents()) writes.tell(event);
}
