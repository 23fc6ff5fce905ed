// What a hook waits for, and what somebody decided about it, as JSON.
import type { ApprovalDecision, ApprovalRecord, Decision } from '../../core/approval.ts';
import type { HookRecord } from '../../core/run.ts';

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
  readonly kind: 'approval' | 'run' | 'retry';
}

export function waitsOf({ hook, state, approval, child }: HookRecord): readonly WaitView[] {
  if (state !== 'waiting') return [];
  if (approval?.decided === null) return [{ hook, kind: 'approval' }];
  return [{ hook, kind: child === undefined ? 'retry' : 'run' }];
}
