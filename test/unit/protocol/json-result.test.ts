// The reading of a plugin's answer: only one whole document with exit code 0 is a result, and every other byte says what is wrong.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.ts';
import { readJsonResult } from '../../../src/protocol/json-result.ts';
import type { Reply } from '../../../src/protocol/reply.ts';

function reply(stdout: string | Uint8Array, changes: Partial<Reply> = {}): Reply {
  return {
    stdout: typeof stdout === 'string' ? Buffer.from(stdout) : stdout,
    exitCode: 0,
    isOutOfMemory: false,
    memoryLimitBytes: 1024,
    memoryPeakBytes: 1000,
    stderrTail: '',
    ...changes,
  };
}

function outcomeOf(stdout: string | Uint8Array, changes: Partial<Reply> = {}): Outcome {
  return readJsonResult(reply(stdout, changes)).outcome;
}

describe('a result document', () => {
  test('without status succeeds with the whole object as data', () => {
    expect(readJsonResult(reply('{"n": 3}\n'))).toMatchObject({ outcome: { code: 'ok' }, result: { n: 3 } });
  });

  test.each([
    ['{"status":"success","data":{"a":1}}', { a: 1 }],
    ['{"status":"success","data":[1,2]}', [1, 2]],
    ['{"status":"success"}', null],
    ['  {"status":"success","data":"x","later":true}  \n', 'x'],
    ['\ufeff{"status":"success","data":1}', 1],
    ['{"status":"success","data":1,"data":2}', 2],
  ])('succeeds with its data: %s', (text, data) => {
    const verdict = readJsonResult(reply(text));
    expect(verdict.outcome.code).toBe('ok');
    expect(verdict.result).toEqual(data);
  });

  test('skips with its reason on one line', () => {
    expect(outcomeOf('{"status":"skipped","reason":"no\\norders"}')).toEqual({ code: 'skipped', message: 'no orders' });
    expect(outcomeOf('{"status":"skipped"}')).toMatchObject({
      code: 'skipped',
      message: 'the plugin had nothing to do',
    });
  });

  test('reports its error with code, message and whether a retry can help', () => {
    const text = '{"status":"error","error":{"code":"rate_limit","message":"slow\\u001b[31m down","retryable":true}}';
    expect(outcomeOf(text)).toEqual({
      code: 'plugin_error',
      message: 'slow [31m down',
      pluginCode: 'rate_limit',
      isRetryable: true,
    });
    expect(outcomeOf(text, { exitCode: 1 })).toMatchObject({ pluginCode: 'rate_limit' });
  });

  test('reports an error without particulars as one that no retry mends', () => {
    expect(outcomeOf('{"status":"error"}')).toMatchObject({ pluginCode: 'error', isRetryable: false });
    expect(outcomeOf('{"status":"error","error":{"code":"a b\\u0000"}}')).toMatchObject({ pluginCode: 'error' });
  });
});

describe('what is never a result', () => {
  test.each(['', ' \n\t\r\n'])('silence: %j', (text) => {
    expect(outcomeOf(text).code).toBe('no_result');
  });

  test.each([
    ['truncated', '{"status":"success","data":{"a'],
    ['truncated', '{"a":"}'],
    ['second_result', '{"a":1}{"b":2}'],
    ['second_result', '{"a":1}\n[1]'],
    ['not_json', 'hello {"a":1}'],
    ['not_json', '{"a":1} done'],
    ['not_json', "{'a': 1}"],
    ['not_json', '{"a":NaN}'],
    ['not_object', '[1,2]'],
    ['not_object', '"text"'],
    ['not_object', 'null'],
    ['forbidden_key', '{"a":{"__proto__":1}}'],
    ['forbidden_key', '{"\\u005f_proto__":1}'],
    ['bad_result', '{"status":"done"}'],
    ['bad_result', '{"status":null}'],
    ['bad_result', '{"status":"error","error":"text"}'],
    ['bad_result', '{"status":"error","error":{"message":1}}'],
    ['too_deep', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`],
    ['too_deep', '['.repeat(1_000_000)],
  ])('%s: %s', (violation, text) => {
    expect(outcomeOf(text)).toMatchObject({ code: 'protocol', violation });
  });

  test('invalid UTF-8 and more than a message may have', () => {
    expect(outcomeOf(Uint8Array.of(0x7b, 0xff, 0x7d))).toMatchObject({ violation: 'bad_utf8' });
    expect(outcomeOf(Buffer.alloc(8 * 1024 * 1024 + 1, 32).fill('{}', 0, 2))).toMatchObject({ violation: 'too_large' });
  });

  test('a stray print is recognised, shown and explained', () => {
    const outcome = outcomeOf(`loading\u0007${'x'.repeat(500)}\n{"a":1}`);
    expect(outcome).toMatchObject({ code: 'protocol', violation: 'not_json', seen: `loading.${'x'.repeat(192)}` });
    expect(outcome.message).toContain('stray print');
  });

  test('a text cut anywhere never counts, whatever the document', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }),
        fc.nat(),
        (document, cut) => {
          fc.pre(!Object.hasOwn(document, '__proto__'));
          const whole = Buffer.from(JSON.stringify({ data: document }));
          const part = whole.subarray(0, cut % whole.length);
          expect(['protocol', 'no_result']).toContain(outcomeOf(part).code);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('random bytes never throw and never count as more than they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 255 }), (stdout, exitCode) => {
        const { outcome } = readJsonResult(reply(stdout, { exitCode }));
        if (exitCode !== 0) expect(outcome.code).not.toBe('ok');
        expect(outcome.message.length).toBeLessThanOrEqual(2_000);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('an exit code', () => {
  test('of wrong use beside an error document keeps the words of the document and rules out a retry', () => {
    const text = '{"status":"error","error":{"code":"no_key","message":"set the key","retryable":true}}';
    expect(outcomeOf(text, { exitCode: 78 })).toEqual({
      code: 'plugin_error',
      pluginCode: 'no_key',
      message: 'set the key',
      isRetryable: false,
    });
  });

  const whole = '{"status":"success","data":1}';

  test('of 1 is an error of the plugin with the end of stderr as its message, also beside a success', () => {
    expect(outcomeOf('', { exitCode: 1, stderrTail: 'ValueError: x' })).toEqual({
      code: 'plugin_error',
      pluginCode: 'exit_1',
      isRetryable: true,
      message: 'ValueError: x',
    });
    expect(outcomeOf(whole, { exitCode: 1 }).code).toBe('plugin_error');
  });

  test.each([64, 70, 78])('of %i is wrong use, which no retry mends', (exitCode) => {
    expect(outcomeOf(whole, { exitCode })).toMatchObject({
      code: 'plugin_error',
      pluginCode: 'usage',
      isRetryable: false,
    });
  });

  test.each([
    [2, null],
    [63, null],
    [79, null],
    [127, null],
    [134, 'SIGABRT'],
    [137, 'SIGKILL'],
    [139, 'SIGSEGV'],
    [255, null],
  ])('of %i is a crash even with a whole result', (exitCode, signal) => {
    expect(outcomeOf(whole, { exitCode })).toMatchObject({ code: 'crash', exitCode, signal });
  });

  test('of 137 with the word of the kernel is out of memory, with limit and use', () => {
    expect(outcomeOf(whole, { exitCode: 137, isOutOfMemory: true })).toMatchObject({
      code: 'oom',
      breach: { limit: 'memoryBytes', value: 1024, used: 1000 },
    });
  });
});
