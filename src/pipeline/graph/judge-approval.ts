// Whether a hook with an approval may go on. Pure. The record is the only memory: what was asked is not asked again after a restart, and a
// decision that was made while nobody worked on the run is found in it.
import { BY_TIMEOUT, type ApprovalDecision, type ApprovalRecord } from '../../core/approval.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ApprovalSpec } from '../../core/pipeline.ts';
import type { RunFailure } from '../../core/run.ts';

export interface ApprovalVerdict {
  /** as it stands now, to be kept with the hook; not decided: the hook waits */
  readonly record: ApprovalRecord;
  /** true when it was asked for the first time */
  readonly isAsked: boolean;
}

/** @param earlier what was asked before; null: nothing */
export function judgeApproval(spec: ApprovalSpec, earlier: ApprovalRecord | null, nowMs: number): ApprovalVerdict {
  const isAsked = earlier === null;
  const record = earlier ?? { askedAtMs: nowMs, timeoutAtMs: Math.ceil(nowMs + spec.timeoutMs), decided: null };
  return { record: { ...record, decided: record.decided ?? decidedByTime(spec, record, nowMs) }, isAsked };
}

function decidedByTime(
  { onTimeout }: ApprovalSpec,
  { timeoutAtMs }: ApprovalRecord,
  nowMs: number,
): ApprovalDecision | null {
  return nowMs < timeoutAtMs ? null : { decision: onTimeout, by: BY_TIMEOUT, atMs: timeoutAtMs, comment: null };
}

/** Why the run fails at a rejected hook. */
export function rejectionOf(hook: string, { decided }: ApprovalRecord): RunFailure {
  const comment = decided?.comment ?? null;
  const message =
    decided?.by === BY_TIMEOUT
      ? `nobody decided about ${hook} in time, and then it is rejected`
      : `${hook} was rejected (${decided?.by ?? 'nobody'})${comment === null ? '' : `: ${comment}`}`;
  return { code: 'APPROVAL_REJECTED', message: message.slice(0, 2_000), hook, plugin: null };
}

/** Name of the decision's entry in `results[hook]`; no plugin can be called so. */
export const APPROVAL_ENTRY = '@approval';

/** What plugins see of a decision: the `data` of its entry. */
export function decisionData({ decision, by, atMs, comment }: ApprovalDecision): JsonObject {
  return { decision, by, at: new Date(atMs).toISOString(), comment };
}
