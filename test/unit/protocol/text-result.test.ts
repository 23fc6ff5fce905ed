// A Unix filter's output as a result.
import { expect, test } from 'vitest';
import type { TextOptions } from '../../../src/core/plugin.ts';
import { readTextResult } from '../../../src/protocol/text-result.ts';
import type { Reply, Verdict } from '../../../src/protocol/reply.ts';

function read(
  stdout: string | Uint8Array,
  output: TextOptions['output'] = null,
  changes: Partial<Reply> = {},
): Verdict {
  const bytes = typeof stdout === 'string' ? Buffer.from(stdout) : stdout;
  const rest = { exitCode: 0, isOutOfMemory: false, memoryLimitBytes: 1, memoryPeakBytes: null, stderrTail: '' };
  return readTextResult({ stdout: bytes, ...rest, ...changes }, output);
}

test('takes JSON as JSON and anything else as the text it is', () => {
  expect(read('[1, 2]\n')).toMatchObject({ outcome: { code: 'ok' }, result: [1, 2] });
  expect(read('3 files\n')).toMatchObject({ outcome: { code: 'ok' }, result: '3 files\n' });
  expect(read('')).toMatchObject({ outcome: { code: 'no_result' }, result: null });
});

test('keeps the text when text is asked for, also if it parses', () => {
  expect(read('42', 'text').result).toBe('42');
});

test('refuses text when JSON is asked for', () => {
  expect(read('3 files', 'json').outcome).toMatchObject({ code: 'protocol', violation: 'not_json', seen: '3 files' });
});

test.each([null, 'json', 'text'] as const)('refuses invalid UTF-8 (output: %s)', (output) => {
  expect(read(Uint8Array.of(0x61, 0xff), output).outcome).toMatchObject({ code: 'protocol', violation: 'bad_utf8' });
});

test('does not take the output of a filter that failed', () => {
  expect(read('{"a":1}', null, { exitCode: 1, stderrTail: 'bad input' })).toEqual({
    outcome: { code: 'plugin_error', pluginCode: 'exit_1', isRetryable: true, message: 'bad input' },
    result: null,
  });
  expect(read('x', null, { exitCode: 3 }).outcome).toMatchObject({ code: 'crash', exitCode: 3 });
});
