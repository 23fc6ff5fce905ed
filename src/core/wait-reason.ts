// What a hook that waits waits for: a person, a run of another pipeline, or the time of its next attempt.
import type { HookRecord } from './run.ts';

export const WAIT_REASONS = ['approval', 'run', 'retry'] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];

/** Null: it does not wait. */
export function waitReasonOf({ state, approval, child }: HookRecord): WaitReason | null {
  if (state !== 'waiting') return null;
  if (approval?.decided === null) return 'approval';
  return child === undefined ? 'retry' : 'run';
}
