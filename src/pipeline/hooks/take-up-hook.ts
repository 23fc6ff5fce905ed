// A hook from wherever it stands: what must be decided before its plugins are called, then the plugins, or the run that it is. It may be taken
// up any number of times, after waits and restarts; its record says what was asked and started, so nothing is asked or started twice.
import { BY_TIMEOUT } from '../../core/approval.ts';
import type { RunId } from '../../core/ids.ts';
import type { SubRunSpec } from '../../core/pipeline.ts';
import type { HookRecord, RunFailure } from '../../core/run.ts';
import { emptyObject, resultEntry, withMember, type RunFlow } from '../graph/build-context.ts';
import {
  APPROVAL_ENTRY,
  decisionData,
  judgeApproval,
  rejectionOf,
  type ApprovalVerdict,
} from '../graph/judge-approval.ts';
import { mergeResults } from '../graph/merge-results.ts';
import type { HookPlan } from '../graph/plan-hooks.ts';
import { moveDeadline } from '../move-deadline.ts';
import type { HookEnd, HookMarks, HookTerms } from './run-hook.ts';
import type { RunScope } from '../run-scope.ts';
import { runSubRun, type SubRunState } from './sub-run.ts';

/** What the plugins of the hook are called with. */
export type OpenTerms = Pick<HookTerms, 'entries' | 'sinceMs'>;

/**
 * @param record the hook's, as it stands now that it has begun
 * @param call calls its plugins, when nothing keeps it from that
 */
export async function takeUpHook(
  scope: RunScope,
  plan: HookPlan,
  flow: RunFlow,
  record: HookRecord,
  call: (terms: OpenTerms) => Promise<HookEnd>,
): Promise<HookEnd> {
  const nowMs = scope.ports.clock.nowMs();
  const verdict = await judge(scope, plan, record, nowMs);
  const { run } = plan.spec;
  const goOn = async (marks: HookMarks, terms: OpenTerms): Promise<HookEnd> =>
    run === null
      ? { ...(await call(terms)), marks }
      : await takeUpRun(scope, { plan, flow, marks, ...terms }, run, record.child ?? null);
  if (verdict === null) return await goOn({}, { entries: emptyObject(), sinceMs: record.startedAtMs ?? nowMs });
  const marks = { approval: verdict.record };
  const { decided, timeoutAtMs } = verdict.record;
  if (decided === null) return stillOpen(flow, timeoutAtMs, marks);
  if (decided.decision === 'reject') return { ...restOf(flow, marks), failure: rejectionOf(plan.hook, verdict.record) };
  const entries = withMember(emptyObject(), APPROVAL_ENTRY, { status: 'approved', data: decisionData(decided) });
  // The time for a decision is the approval's own; that of the hook begins with it.
  return await goOn(marks, { entries, sinceMs: decided.atMs });
}

/**
 * Asks when nothing was asked yet: the time that is left for the decision does not count for the run's deadline. When nobody decided in time,
 * the pipeline does, unless somebody was quicker.
 */
async function judge(
  scope: RunScope,
  { hook, spec }: HookPlan,
  record: HookRecord,
  nowMs: number,
): Promise<ApprovalVerdict | null> {
  if (spec.approval === null) return null;
  const verdict = judgeApproval(spec.approval, record.approval ?? null, nowMs);
  if (verdict.isAsked) moveDeadline(scope, spec.approval.timeoutMs);
  const due = verdict.record.decided;
  if (due === null || record.approval?.decided === due) return verdict;
  const { lease, writes } = scope;
  const decided = await lease.decide({ hook, decided: due });
  const { id: runId, pipeline } = lease.run;
  if (decided.by !== BY_TIMEOUT) writes.tell({ kind: 'approvalDecided', runId, pipeline, hook, decided });
  return { ...verdict, record: { ...verdict.record, decided } };
}

/** A hook that may go on. */
interface OpenHook extends OpenTerms {
  readonly plan: HookPlan;
  readonly flow: RunFlow;
  readonly marks: HookMarks;
}

async function takeUpRun(scope: RunScope, of: OpenHook, spec: SubRunSpec, child: RunId | null): Promise<HookEnd> {
  const { plan, flow, sinceMs } = of;
  const { lease, ports } = scope;
  const { timeoutMs } = plan.spec;
  const endsAtMs = timeoutMs === null ? Number.POSITIVE_INFINITY : sinceMs + timeoutMs;
  const remainingMs = (): number => Math.min(endsAtMs - ports.clock.nowMs(), lease.remainingMs);
  return endOfRun(of, spec.pipeline, await runSubRun(scope, { hook: plan.hook, spec, flow, child, remainingMs }));
}

function endOfRun({ plan, flow, entries, marks }: OpenHook, pipeline: string, state: SubRunState): HookEnd {
  const child = state.child === null ? {} : { child: state.child };
  const marked: HookMarks = { ...marks, ...child };
  switch (state.kind) {
    case 'waits':
      return stillOpen(flow, state.untilMs, marked);
    case 'failed':
      return { ...restOf(flow, marked), failure: state.failure };
    case 'succeeded': {
      const { data } = mergeResults(flow.data, [{ plugin: pipeline, data: state.data }]);
      const results = withMember(entries, pipeline, resultEntry('success', state.data, null));
      return restOf({ data, results: withMember(flow.results, plan.hook, results) }, marked);
    }
  }
}

function stillOpen(flow: RunFlow, untilMs: number, marks: HookMarks): HookEnd {
  return { ...restOf(flow, marks), waits: { untilMs } };
}

/** A hook at rest of which no plugin was called. */
function restOf(flow: RunFlow, marks: HookMarks): HookEnd & { readonly failure: RunFailure | null } {
  return { flow, marks, warnings: [], failure: null, isInterrupted: false, isSkipped: false, ends: [] };
}
