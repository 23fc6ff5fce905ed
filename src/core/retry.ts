// When an unsuccessful invocation is tried again, and after how long. A retry is a new invocation with attempt + 1.
import type { OutcomeCode } from './outcome.ts';

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

/** Outcomes with which a retry can help, `lost` only where the plugin is idempotent. */
export const RETRYABLE_OUTCOMES = [
  'plugin_error',
  'crash',
  'oom',
  'cpu_time',
  'timeout',
  'output_limit',
  'protocol',
  'no_result',
  'not_ready',
  'start_failed',
  'busy',
  'engine',
  'lost',
] as const satisfies readonly OutcomeCode[];

export type RetryableOutcome = (typeof RETRYABLE_OUTCOMES)[number];

export const RETRY_DEFAULTS: Omit<RetryPolicy, 'max' | 'on'> & { readonly on: readonly RetryableOutcome[] } = {
  backoff: 'exponential',
  initialMs: 1_000,
  capMs: 60_000,
  on: ['crash', 'timeout', 'not_ready', 'start_failed', 'busy', 'engine', 'lost'],
};
