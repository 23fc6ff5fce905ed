// Stderr as log lines: cut, escaped, bounded, whatever comes in whatever pieces.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PluginLogLine } from '../../../src/core/ports/invoker.ts';
import { LOG_LINE_BYTES, LogLines } from '../../../src/sandbox/log-lines.ts';

function collect(
  pieces: readonly (string | Uint8Array)[],
  limitBytes = 1_000_000,
): [readonly PluginLogLine[], LogLines] {
  const lines: PluginLogLine[] = [];
  const logs = new LogLines(limitBytes, (line) => lines.push(line));
  for (const piece of pieces) logs.push(Buffer.from(piece));
  logs.end();
  return [lines, logs];
}
const textsOf = (lines: readonly PluginLogLine[]): readonly string[] => lines.map((line) => line.message);

test('gives the same lines however the bytes were cut', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z ]{0,20}$/)), fc.array(fc.nat(30)), (words, cuts) => {
      const whole = Buffer.from(words.map((word) => `${word}\n`).join(''));
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) pieces.push(whole.subarray(at, (at += cut)));
      pieces.push(whole.subarray(at));
      expect(textsOf(collect(pieces)[0])).toEqual(words.filter((word) => word !== ''));
    }),
  );
});

test('escapes control characters, so that one line stays one line', () => {
  expect(textsOf(collect(['a\u001b[31m\u202e\r\n', Uint8Array.of(0xff, 10)])[0])).toEqual([
    'a\\u001b[31m\\u202e',
    '\ufffd',
  ]);
});

test('cuts a line without end at 8 KiB', () => {
  const [lines] = collect(['x'.repeat(LOG_LINE_BYTES + 5)]);
  expect(lines.map((line) => line.message.length)).toEqual([LOG_LINE_BYTES, 5]);
});

test('passes on exactly the limit, says so once, and counts the rest', () => {
  const [lines, logs] = collect(['abc\n', 'defgh\n', 'more\n'.repeat(1_000)], 8);
  expect(lines).toEqual([
    { level: 'info', message: 'abc' },
    { level: 'info', message: 'defg' },
    { level: 'warn', message: 'log output over 8 bytes is not kept' },
  ]);
  expect(logs.isTruncated).toBe(true);
  expect(logs.seenBytes).toBe(5_010);
});

test('is not truncated at the exact limit, and keeps nothing at a limit of 0', () => {
  expect(collect(['abcd'], 4)[1].isTruncated).toBe(false);
  expect(collect(['abcd'], 0)[0]).toHaveLength(1);
});

test('keeps the last lines as the tail', () => {
  const [, logs] = collect([Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join('')]);
  expect(logs.tail.split(' | ')).toEqual(Array.from({ length: 8 }, (_, index) => `line ${index + 12}`));
});
