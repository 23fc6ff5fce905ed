// What a person decides about a hook before its plugins are called. Part of the hook's record: asked once, decided once.
//   asked → approve | reject      (by somebody, or by the pipeline's word when the time is over)

export const DECISIONS = ['approve', 'reject'] as const;
export type Decision = (typeof DECISIONS)[number];

/** Longest comment that is kept with a decision, in characters. */
export const COMMENT_MAX = 2_000;

/** Who decided when nobody did: the pipeline's `onTimeout`. */
export const BY_TIMEOUT = 'timeout';

export interface ApprovalDecision {
  readonly decision: Decision;
  /** who: `api`, `cli`, `panel`, or `timeout` when nobody did */
  readonly by: string;
  readonly atMs: number;
  readonly comment: string | null;
}

/** What was decided about a hook while its run was at work or queued: written to the run by whoever was told, for its worker to hear. */
export interface GivenDecision {
  readonly hook: string;
  readonly decided: ApprovalDecision;
}

/** Times are unix milliseconds. */
export interface ApprovalRecord {
  readonly askedAtMs: number;
  /** when the pipeline decides by itself */
  readonly timeoutAtMs: number;
  /** null: not decided yet */
  readonly decided: ApprovalDecision | null;
}
