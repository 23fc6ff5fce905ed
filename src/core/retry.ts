// When an unsuccessful invocation is tried again, and after how long. A retry is a new invocation with attempt + 1.
import { OUTCOME_CODES, type OutcomeCode } from './outcome.ts';

export const BACKOFFS = ['exponential', 'constant'] as const;
export type Backoff = (typeof BACKOFFS)[number];

/** Attempts beyond this are no policy but a loop. */
export const RETRIES_MAX = 20;

export interface RetryPolicy {
  /** attempts after the first */
  readonly max: number;
  readonly backoff: Backoff;
  /** wait before the second attempt, milliseconds, before jitter */
  readonly initialMs: number;
  /** no wait is longer, milliseconds */
  readonly capMs: number;
  /** outcomes that are tried again; `lost` only where the plugin is idempotent */
  readonly on: readonly OutcomeCode[];
}

/** A repeat changes nothing about these: what was asked is done, or is not to be done. */
const FINAL_OUTCOMES = ['ok', 'skipped', 'image', 'denied', 'cancelled'] as const satisfies readonly OutcomeCode[];

export type RetryableOutcome = Exclude<OutcomeCode, (typeof FINAL_OUTCOMES)[number]>;

/** Outcomes with which a retry can help, `lost` only where the plugin is idempotent. */
export const RETRYABLE_OUTCOMES = OUTCOME_CODES.filter(isRetryable);

function isRetryable(code: OutcomeCode): code is RetryableOutcome {
  return !(FINAL_OUTCOMES as readonly OutcomeCode[]).includes(code);
}

export const RETRY_DEFAULTS: Omit<RetryPolicy, 'max' | 'on'> & { readonly on: readonly RetryableOutcome[] } = {
  backoff: 'exponential',
  initialMs: 1_000,
  capMs: 60_000,
  on: ['crash', 'timeout', 'not_ready', 'start_failed', 'busy', 'engine', 'lost'],
};
