// Which policy holds, which outcomes are tried again, and how long is waited: examples, and properties over drawn policies.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.ts';
import {
  BACKOFFS,
  RETRIES_MAX,
  RETRY_DEFAULTS,
  RETRYABLE_OUTCOMES,
  type RetryPolicy,
} from '../../../src/core/retry.ts';
import { nextAttemptAtMs, retryPolicyOf, type FailedAttempt } from '../../../src/pipeline/graph/retry-policy.ts';

const NOW_MS = 1_000_000;
const CRASH: Outcome = { code: 'crash', message: 'exit code 9', exitCode: 9, signal: null };
const POLICY: RetryPolicy = { ...RETRY_DEFAULTS, max: 3, on: RETRYABLE_OUTCOMES };
const AHEAD = { nowMs: NOW_MS, remainingMs: 1_000_000_000, part: 0 };

function failed(outcome: Outcome, changes: Partial<FailedAttempt> = {}): FailedAttempt {
  return { attempt: 1, outcome, isDelivered: true, isIdempotent: false, ...changes };
}

/** Milliseconds until the next attempt; null: none. */
function waitOf(policy: RetryPolicy | null, attempt: FailedAttempt, part = 0): number | null {
  const atMs = nextAttemptAtMs(policy, attempt, { ...AHEAD, part });
  return atMs === null ? null : atMs - NOW_MS;
}

describe('the policy that holds', () => {
  const [hook, plugin, pipeline] = [1, 2, 3].map((max) => ({ retries: { ...POLICY, max } }));
  const silent = { retries: null };

  it("is the hook's, else the plugin's, else the pipeline's", () => {
    if (hook === undefined || plugin === undefined || pipeline === undefined) throw new Error('three policies');
    expect(retryPolicyOf(hook, plugin, pipeline)?.max).toBe(1);
    expect(retryPolicyOf(silent, plugin, pipeline)?.max).toBe(2);
    expect(retryPolicyOf(silent, silent, pipeline)?.max).toBe(3);
    expect(retryPolicyOf(silent, silent, silent)).toBeNull();
  });

  it('is also one that forbids retries', () => {
    expect(retryPolicyOf({ retries: { ...POLICY, max: 0 } }, silent, { retries: POLICY })?.max).toBe(0);
  });
});

describe('an outcome', () => {
  it('stands where no policy holds, where the policy does not name it, and when the attempts are used up', () => {
    expect(waitOf(null, failed(CRASH))).toBeNull();
    expect(waitOf({ ...POLICY, on: ['timeout'] }, failed(CRASH))).toBeNull();
    expect(waitOf(POLICY, failed(CRASH, { attempt: 3 }))).not.toBeNull();
    expect(waitOf(POLICY, failed(CRASH, { attempt: 4 }))).toBeNull();
  });

  it('stands when the plugin says that no retry helps', () => {
    const error = { code: 'plugin_error', message: 'no', pluginCode: 'no_rows' } as const;
    expect(waitOf(POLICY, failed({ ...error, isRetryable: true }))).not.toBeNull();
    expect(waitOf(POLICY, failed({ ...error, isRetryable: false }))).toBeNull();
  });

  it.each(['lost', 'engine'] as const)('of unknown fate (%s) is tried again only for an idempotent plugin', (code) => {
    const outcome: Outcome = { code, message: 'gone' };
    expect(waitOf(POLICY, failed(outcome))).toBeNull();
    expect(waitOf(POLICY, failed(outcome, { isIdempotent: true }))).not.toBeNull();
    expect(waitOf(POLICY, failed(outcome, { isDelivered: false }))).not.toBeNull();
  });
});

describe('the wait', () => {
  it('doubles up to its cap, half of it fixed and half of it random', () => {
    const policy: RetryPolicy = { ...POLICY, max: 20, initialMs: 1_000, capMs: 5_000 };
    const waits = [1, 2, 3, 4, 20].map((attempt) =>
      [0, 0.5].map((part) => waitOf(policy, failed(CRASH, { attempt }), part)),
    );
    expect(waits).toEqual([
      [500, 750],
      [1_000, 1_500],
      [2_000, 3_000],
      [2_500, 3_750],
      [2_500, 3_750],
    ]);
  });

  it('stays the same with a constant backoff', () => {
    const policy: RetryPolicy = { ...POLICY, max: 20, backoff: 'constant', initialMs: 1_000 };
    expect([1, 2, 9].map((attempt) => waitOf(policy, failed(CRASH, { attempt })))).toEqual([500, 500, 500]);
  });

  it('is at least what was asked for, whatever the cap', () => {
    const busy: Outcome = { code: 'busy', message: 'no sandbox', retryAfterMs: 90_000 };
    expect(waitOf(POLICY, failed(busy))).toBe(90_000);
    expect(waitOf(POLICY, failed({ ...busy, retryAfterMs: 10 }))).toBe(500);
  });

  it('never leads to or beyond the deadline: then the outcome stands', () => {
    const at = (remainingMs: number) => nextAttemptAtMs(POLICY, failed(CRASH), { ...AHEAD, remainingMs });
    expect(at(500)).toBeNull();
    expect(at(501)).toBe(NOW_MS + 500);
    expect(at(-5)).toBeNull();
  });
});

describe('any policy', () => {
  const policies = fc.record({
    max: fc.integer({ min: 0, max: RETRIES_MAX }),
    backoff: fc.constantFrom(...BACKOFFS),
    initialMs: fc.integer({ min: 1, max: 3_600_000 }),
    capMs: fc.integer({ min: 1, max: 86_400_000 }),
    on: fc.subarray([...RETRYABLE_OUTCOMES], { minLength: 1 }),
  });
  const attempts = fc.record({
    attempt: fc.integer({ min: 1, max: RETRIES_MAX + 2 }),
    outcome: fc.constantFrom<Outcome>(
      CRASH,
      { code: 'lost', message: '' },
      { code: 'engine', message: '' },
      { code: 'busy', message: '', retryAfterMs: 1_234 },
      { code: 'plugin_error', message: '', pluginCode: 'x', isRetryable: false },
    ),
    isDelivered: fc.boolean(),
    isIdempotent: fc.boolean(),
  });
  const times = fc.record({
    nowMs: fc.constant(NOW_MS),
    remainingMs: fc.integer({ min: -1_000, max: 100_000_000 }),
    part: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });

  it('tries only what it names, no more often than it says, never a fate unknown, and always before the deadline', () => {
    fc.assert(
      fc.property(policies, attempts, times, (policy, attempt, time) => {
        const atMs = nextAttemptAtMs(policy, attempt, time);
        if (atMs === null) return;
        expect(policy.on).toContain(attempt.outcome.code);
        expect(attempt.attempt).toBeLessThanOrEqual(policy.max);
        expect(attempt.outcome.code).not.toBe('plugin_error');
        const isUnknown = ['lost', 'engine'].includes(attempt.outcome.code) && attempt.isDelivered;
        expect(isUnknown && !attempt.isIdempotent).toBe(false);
        expect(atMs).toBeGreaterThan(NOW_MS);
        expect(atMs - NOW_MS).toBeLessThanOrEqual(time.remainingMs);
      }),
      { numRuns: 2_000 },
    );
  });

  it('waits between half of and the whole of what is due, and never longer than its cap unless it was asked to', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: RETRIES_MAX }), times, (policy, attempt, { part }) => {
        const waitMs = waitOf({ ...policy, max: RETRIES_MAX, on: ['crash'] }, failed(CRASH, { attempt }), part);
        const doubled = policy.backoff === 'constant' ? policy.initialMs : policy.initialMs * 2 ** (attempt - 1);
        const wholeMs = Math.min(policy.capMs, doubled);
        expect(waitMs).toBeGreaterThanOrEqual(wholeMs / 2);
        expect(waitMs).toBeLessThanOrEqual(wholeMs + 1);
      }),
      { numRuns: 2_000 },
    );
  });
});
