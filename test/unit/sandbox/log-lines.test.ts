// Stderr as log lines: cut, escaped, bounded, whatever comes in whatever pieces.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PluginLogLine } from '../../../src/core/ports/invoker.ts';
import { NO_SECRETS, REDACTED, Redactor } from '../../../src/core/redact.ts';
import { LOG_LINE_BYTES, LogLines } from '../../../src/sandbox/session/log-lines.ts';

function collect(
  pieces: readonly (string | Uint8Array)[],
  limitBytes = 1_000_000,
  redactor = NO_SECRETS,
): [readonly PluginLogLine[], LogLines] {
  const lines: PluginLogLine[] = [];
  const logs = new LogLines(limitBytes, redactor, (line) => lines.push(line));
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

describe('a secret is gone, and so is every part of it,', () => {
  const SECRET = 'hunter2-Passwört-1234';
  const secretBytes = Buffer.from(SECRET);
  const redactor = new Redactor([SECRET]);
  /** Every place where a cut can go through it, its two ends among them. */
  const places = Array.from({ length: secretBytes.length + 1 }, (_, place) => place);
  /** No four characters of it in a row. */
  const leaksIn = (text: string): readonly string[] =>
    places.map((at) => SECRET.slice(at, at + 4)).filter((part) => part.length === 4 && text.includes(part));

  test.each(places)('when a long line is split after %i bytes of it', (place) => {
    const line = Buffer.concat([Buffer.alloc(LOG_LINE_BYTES - place, '.'), secretBytes, Buffer.from('...\n')]);
    const [lines, logs] = collect([line], 1_000_000, redactor);
    const text = textsOf(lines).join('');
    expect([leaksIn(text), leaksIn(logs.tail)]).toEqual([[], []]);
    expect(text.replace(/[^.]/g, '')).toHaveLength(LOG_LINE_BYTES - place + 3);
  });

  test.each(places)('when the limit falls after %i bytes of it', (place) => {
    const flood = Buffer.concat([Buffer.from('before '), secretBytes, Buffer.from(' after\n')]);
    const [lines] = collect([flood, flood], 7 + place, redactor);
    expect(leaksIn(textsOf(lines).join('\n'))).toEqual([]);
    expect(lines[0]?.message).toMatch(/^before/);
  });

  test.each(places)('when the tail keeps %i characters of it', (place) => {
    const [, logs] = collect([`${'.'.repeat(500 - place)}${SECRET}\n`], 1_000_000, redactor);
    expect(leaksIn(logs.tail)).toEqual([]);
  });

  test.each(places)('when it comes in two pieces, the first of %i bytes', (place) => {
    const pieces = [
      Buffer.from('a '),
      secretBytes.subarray(0, place),
      secretBytes.subarray(place),
      Buffer.from(' b\n'),
    ];
    expect(textsOf(collect(pieces, 1_000_000, redactor)[0])).toEqual([`a ${REDACTED} b`]);
  });

  test('when a JSON line writes it in a way of its own and the tail cuts it', () => {
    const unit = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    const escaped = Array.from(SECRET, unit).join('');
    const [lines, logs] = collect([`{"level":"info","message":"${'.'.repeat(490)}${escaped}"}\n`], 1_000_000, redactor);
    expect([leaksIn(textsOf(lines).join('')), leaksIn(logs.tail)]).toEqual([[], []]);
  });

  test('but what only begins like one is passed on at once or with what follows it', () => {
    const lines: string[] = [];
    const logs = new LogLines(1_000, redactor, ({ message }) => lines.push(message));
    logs.push(Buffer.from('a hunter is here\nthe hunter'));
    expect(lines).toEqual(['a hunter is here']);
    logs.push(Buffer.from('s\n'));
    logs.push(Buffer.from('the hunt'));
    logs.end();
    expect(lines).toEqual(['a hunter is here', 'the hunters', 'the hunt']);
  });
});
