// Whether an unsuccessful invocation is tried again, and when. Pure: what is random and what time it is are handed in. A wait is decided
// once, at the end of the attempt before it, and stored as a time of day: a restart neither shortens it nor draws again.
import type { Outcome } from '../../core/outcome.ts';
import type { RetryPolicy } from '../../core/retry.ts';

/** Declares a policy, or leaves it to who is asked next. */
export interface Declaring {
  readonly retries: RetryPolicy | null;
}

/** An attempt that ended without success. */
export interface FailedAttempt {
  /** 1 for the first */
  readonly attempt: number;
  readonly outcome: Outcome;
  /** true when the plugin may have seen its input */
  readonly isDelivered: boolean;
  readonly isIdempotent: boolean;
}

/** Now, and what hook and run leave. */
export interface RetryTime {
  /** unix milliseconds */
  readonly nowMs: number;
  /** until the deadline of the hook or the run, whichever is first */
  readonly remainingMs: number;
  /** 0 ≤ part < 1, random */
  readonly part: number;
}

/** The hook's policy, else the plugin's, else the pipeline's; a policy of no attempts is one, too. */
export function retryPolicyOf(hook: Declaring, plugin: Declaring, pipeline: Declaring): RetryPolicy | null {
  return hook.retries ?? plugin.retries ?? pipeline.retries;
}

/** When the next attempt is due (unix milliseconds); null: the outcome stands. */
export function nextAttemptAtMs(policy: RetryPolicy | null, failed: FailedAttempt, time: RetryTime): number | null {
  if (policy === null || !mayRetry(policy, failed)) return null;
  const waitMs = retryWaitMs(policy, failed, time.part);
  return waitMs < time.remainingMs ? Math.ceil(time.nowMs + waitMs) : null;
}

function mayRetry(policy: RetryPolicy, { attempt, outcome, isDelivered, isIdempotent }: FailedAttempt): boolean {
  if (attempt > policy.max || !policy.on.includes(outcome.code)) return false;
  switch (outcome.code) {
    case 'plugin_error':
      // Also of exit codes 64 to 78: the plugin was used wrongly, and will be again.
      return outcome.isRetryable;
    case 'lost':
    case 'engine':
      // Its fate is unknown once the input may have arrived: the author's word alone makes that safe (I-5).
      return !isDelivered || isIdempotent;
    default:
      return true;
  }
}

/**
 * Exponential: "equal jitter" of M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015: half of min(cap, initial · 2^n),
 * n from 0, and a random share of the other half; what failed together comes back apart, but not at once. A time that a plugin's
 * sandboxes asked for is waited for at least, whatever the cap.
 */
function retryWaitMs(policy: RetryPolicy, { attempt, outcome }: FailedAttempt, part: number): number {
  const factor = policy.backoff === 'constant' ? 1 : 2 ** (attempt - 1);
  const longestMs = Math.min(policy.capMs, policy.initialMs * factor);
  const askedMs = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) : 0;
  return Math.max((longestMs * (1 + part)) / 2, askedMs);
}
