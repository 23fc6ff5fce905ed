// How an invocation ended: a closed union, never an exception. The code is the metric label, the API field and the panel's word.
import type { LimitName } from './limits.ts';

export const OUTCOME_CODES = [
  'ok',
  'skipped',
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
  'image',
  'denied',
  'cancelled',
  'busy',
  'engine',
  'lost',
] as const;
export type OutcomeCode = (typeof OUTCOME_CODES)[number];

/** What exactly broke the wire contract. */
export const PROTOCOL_VIOLATIONS = [
  'truncated',
  'not_json',
  'not_object',
  'bad_utf8',
  'forbidden_key',
  'bad_result',
  'bad_artifact',
  'artifact_limit',
  'second_result',
  'too_large',
  'too_deep',
  'nonce',
  'bad_message',
  'unknown_id',
  'early_result',
  'late_result',
  'flood',
] as const;
export type ProtocolViolation = (typeof PROTOCOL_VIOLATIONS)[number];

/** Evidence of a breached quota; units as in `Limits` (bytes, milliseconds). `used` is null where it cannot be read. */
export interface LimitBreach {
  readonly limit: LimitName;
  readonly value: number;
  readonly used: number | null;
}

interface OutcomeBase<Code extends OutcomeCode> {
  readonly code: Code;
  /** one sentence for people, free of control characters, at most 2,000 characters */
  readonly message: string;
}

export type Outcome =
  | OutcomeBase<'ok'>
  | OutcomeBase<'skipped'>
  | (OutcomeBase<'plugin_error'> & { readonly pluginCode: string; readonly isRetryable: boolean })
  | (OutcomeBase<'crash'> & { readonly exitCode: number | null; readonly signal: string | null })
  | (OutcomeBase<'oom' | 'cpu_time' | 'timeout' | 'output_limit'> & { readonly breach: LimitBreach })
  | (OutcomeBase<'protocol'> & { readonly violation: ProtocolViolation; readonly seen: string })
  | OutcomeBase<'no_result' | 'denied' | 'cancelled' | 'lost'>
  /** with `retryAfterMs` when an earlier start failed so and none was made for this one */
  | (OutcomeBase<'not_ready' | 'start_failed' | 'image' | 'engine'> & { readonly retryAfterMs?: number })
  | (OutcomeBase<'busy'> & { readonly retryAfterMs: number });

/** True when the plugin did what was asked: the run goes on without a warning. */
export function isSuccessful(outcome: Outcome): boolean {
  return outcome.code === 'ok' || outcome.code === 'skipped';
}
