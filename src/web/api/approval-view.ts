// What a hook waits for, and what somebody decided about it, as JSON.
import type { ApprovalDecision, ApprovalRecord, Decision } from '../../core/approval.ts';
import type { HookRecord } from '../../core/run.ts';
import { waitReasonOf, type WaitReason } from '../../core/wait-reason.ts';

export interface ApprovalView {
  readonly askedAt: string;
  /** when the pipeline decides by itself */
  readonly timeoutAt: string;
  /** null: not yet */
  readonly decided: DecisionView | null;
}

export interface DecisionView {
  readonly decision: Decision;
  readonly by: string;
  readonly at: string;
  readonly comment: string | null;
}

export function approvalView({ askedAtMs, timeoutAtMs, decided }: ApprovalRecord): ApprovalView {
  return {
    askedAt: new Date(askedAtMs).toISOString(),
    timeoutAt: new Date(timeoutAtMs).toISOString(),
    decided: decided === null ? null : decisionView(decided),
  };
}

export function decisionView({ decision, by, atMs, comment }: ApprovalDecision): DecisionView {
  return { decision, by, at: new Date(atMs).toISOString(), comment };
}

export interface WaitView {
  readonly hook: string;
  readonly kind: WaitReason;
}

export function waitsOf(record: HookRecord): readonly WaitView[] {
  const kind = waitReasonOf(record);
  return kind === null ? [] : [{ hook: record.hook, kind }];
}
