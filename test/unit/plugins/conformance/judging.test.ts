// How ends are judged: what matches an expectation, which check a failure is charged to, and what is a clean end.
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../../src/core/json.ts';
import { OUTCOME_CODES, type Outcome, type OutcomeCode } from '../../../../src/core/outcome.ts';
import { chargeEnd, isClean, isPlatformFault } from '../../../../src/plugins/conformance/charge-end.ts';
import { CHECKS } from '../../../../src/plugins/conformance/checks.ts';
import { NO_FIXTURE, type Fixture } from '../../../../src/plugins/conformance/fixture.ts';
import { tellOutcome, whyUnexpected } from '../../../../src/plugins/conformance/match-answer.ts';

const OK: Outcome = { code: 'ok', message: '' };

function pluginError(message: string, pluginCode = 'exit'): Outcome {
  return { code: 'plugin_error', message, pluginCode, isRetryable: false };
}

function expecting(expect: Fixture['expect']): Fixture {
  return { ...NO_FIXTURE, expect };
}

function why(outcome: Outcome, result: JsonValue, wanted: Fixture['expect']): string | null {
  return whyUnexpected({ outcome, result }, expecting(wanted));
}

describe('an expectation', () => {
  it('is met by an answer that has its members, whatever else is there', () => {
    const data = { sum: 7, list: [1, { a: 'x' }], at: { time: 1 } };
    expect(why(OK, data, { status: 'success', data: { list: [1, {}], at: {} } })).toBeNull();
  });

  it.each<[JsonValue, JsonValue, string]>([
    [{ sum: 7 }, { sum: 8 }, 'data.sum: expected 8, got 7'],
    [{}, { a: { b: 1 } }, 'data.a: expected {"b":1}, got nothing'],
    [[1, 2], [1], 'data: expected [1], got [1,2]'],
    [{ l: [{ n: 1 }] }, { l: [{ n: 2 }] }, 'data.l[0].n: expected 2, got 1'],
    ['text', {}, 'data: expected {}, got "text"'],
    [{ n: null }, { n: 0 }, 'data.n: expected 0, got null'],
  ])('of %j is told as missed by %j', (result, data, message) => {
    expect(why(OK, result, { status: 'success', data })).toBe(message);
  });

  it('tells another status, and another error code', () => {
    expect(why(OK, {}, { status: 'skipped' })).toBe('expected skipped, got ok');
    expect(why(pluginError('no rows', 'no_rows'), null, { status: 'error', code: 'no_rows' })).toBeNull();
    expect(why(pluginError('no rows', 'no_rows'), null, { status: 'error', code: 'other' })).toBe(
      'expected the error code other, got the error no_rows: no rows',
    );
  });

  it('shows no more than a line of a large value', () => {
    expect(why(OK, 'x'.repeat(10_000), { status: 'success', data: 1 })?.length).toBeLessThan(200);
  });
});

describe('a charge', () => {
  it('is made for no good answer', () => {
    expect(chargeEnd(OK, [], 'json')).toBeNull();
    expect(chargeEnd({ code: 'skipped', message: '' }, [], 'json')).toBeNull();
  });

  it.each([
    ["OSError: [Errno 30] Read-only file system: '/x'", 'read-only-root'],
    ["EROFS: read-only file system, open '/x'", 'read-only-root'],
    ['socket.gaierror: [Errno -3] Temporary failure in name resolution', 'no-network'],
    ['connect ENETUNREACH 192.0.2.1:80', 'no-network'],
    ['dial tcp: lookup example.invalid: no such host', 'no-network'],
    ['java.net.UnknownHostException: example.invalid', 'no-network'],
    ["PermissionError: [Errno 13] Permission denied: '/plugin/x'", 'any-user'],
    ['KeyError: getpwuid(): uid not found: 20001', 'any-user'],
    ['ValueError: n', 'good-input'],
  ])('of "%s" goes to %s, whether it was the message or a log line', (text, check) => {
    expect(chargeEnd(pluginError(text), [], 'json')).toMatchObject({ check });
    expect(chargeEnd(pluginError('it failed'), [{ level: 'info', message: text }], 'json')).toMatchObject({ check });
  });

  it('of a protocol violation goes to the nonce or to stdout, and tells what was seen', () => {
    const outcome: Outcome = { code: 'protocol', message: 'not JSON', violation: 'not_json', seen: 'hello' };
    expect(chargeEnd(outcome, [], 'json')).toEqual({
      check: 'stdout',
      reason: 'protocol/not_json: not JSON (seen: hello)',
    });
    expect(chargeEnd({ ...outcome, violation: 'nonce' }, [], 'stream')).toMatchObject({ check: 'nonce' });
    expect(chargeEnd(outcome, [], 'text')).toMatchObject({ check: 'good-input' });
  });

  it('does not take what a plugin says before its time was up for the cause', () => {
    const breach = { limit: 'timeoutMs', value: 1, used: null } as const;
    const logs = [{ level: 'info', message: 'permission denied, going on' }] as const;
    expect(chargeEnd({ code: 'timeout', message: 'late', breach }, logs, 'json')).toMatchObject({ check: 'deadline' });
  });
});

describe('an end', () => {
  const CLEAN: readonly OutcomeCode[] = ['ok', 'skipped', 'plugin_error', 'denied'];

  it.each(OUTCOME_CODES)('by %s is clean, a fault of the machine, or charged to a check that exists', (code) => {
    const outcome = { code, message: 'm', exitCode: 5, signal: null } as unknown as Outcome;
    const check = chargeEnd(outcome, [], 'json')?.check;
    expect(isClean(outcome, 'json')).toBe(CLEAN.includes(code));
    if (!isClean(outcome, 'json') && !isPlatformFault(outcome)) expect(CHECKS.map(({ id }) => id)).toContain(check);
  });

  it('by any exit code is clean for a filter, by a signal for nobody', () => {
    const crash = { code: 'crash', message: 'exit code 5', exitCode: 5, signal: null } as const;
    expect(isClean(crash, 'text')).toBe(true);
    expect(isClean(crash, 'json')).toBe(false);
    expect(isClean({ ...crash, exitCode: null, signal: 'SIGSEGV' }, 'text')).toBe(false);
  });

  it('is told with what its code knows', () => {
    expect(tellOutcome(pluginError('no rows', 'no_rows'))).toBe('the error no_rows: no rows');
    expect(tellOutcome(OK)).toBe('ok');
  });
});
