// The line decoder by itself: what it keeps, and what it does with chunks that come before it was asked.
import { expect, test } from 'vitest';
import { LineDecoder } from '../../../../src/protocol/stream/line-decoder.ts';

function textOf(decoder: LineDecoder): string | null {
  const line = decoder.next();
  return line === null ? null : `${line.isTooLarge ? '!' : ''}${Buffer.from(line.bytes).toString()}`;
}

test('takes chunks in a row before it is asked', () => {
  const decoder = new LineDecoder(100);
  for (const chunk of ['a\nb', 'c', '\nd\n', 'e']) decoder.push(Buffer.from(chunk));
  expect([textOf(decoder), textOf(decoder), textOf(decoder), textOf(decoder)]).toEqual(['a', 'bc', 'd', null]);
  expect(Buffer.from(decoder.end() ?? []).toString()).toBe('e');
});

test('ends at a line over the limit: only its beginning is kept, and nothing more is taken', () => {
  const decoder = new LineDecoder(300);
  decoder.push(Buffer.from(`ok\n${'x'.repeat(150)}`));
  expect([textOf(decoder), textOf(decoder)]).toEqual(['ok', null]);
  decoder.push(Buffer.from(`${'y'.repeat(151)}\nnext\n`));
  expect(textOf(decoder)).toBe(`!${'x'.repeat(150)}${'y'.repeat(50)}`);
  decoder.push(Buffer.from('more\n'));
  expect([textOf(decoder), decoder.end()]).toEqual([null, null]);
});

test('does not let a later line overwrite one that was cut', () => {
  const decoder = new LineDecoder(100);
  decoder.push(Buffer.from('fir'));
  expect(decoder.next()).toBeNull();
  decoder.push(Buffer.from('st\nsec'));
  const first = decoder.next();
  expect(decoder.next()).toBeNull();
  decoder.push(Buffer.from('ond\n'));
  decoder.next();
  expect(Buffer.from(first?.bytes ?? []).toString()).toBe('first');
});

test('gives the memory of a long line that came in pieces back when the next one is asked for', () => {
  const long = 'x'.repeat(100_000);
  const decoder = new LineDecoder(1_000_000);
  decoder.push(Buffer.from(long.slice(0, 60_000)));
  expect(decoder.next()).toBeNull();
  decoder.push(Buffer.from(`${long.slice(60_000)}\nnext\n`));
  const line = decoder.next()?.bytes;
  expect(Buffer.from(line ?? []).toString()).toBe(long);
  expect(textOf(decoder)).toBe('next');
  expect(line?.length).toBe(0);
});

test('takes a long line after a long line, whatever became of the first', () => {
  const decoder = new LineDecoder(1_000_000);
  for (const char of ['a', 'b', 'c']) {
    decoder.push(Buffer.from(char.repeat(70_000)));
    expect(decoder.next()).toBeNull();
    decoder.push(Buffer.from('\n'));
    expect(textOf(decoder)).toBe(char.repeat(70_000));
  }
});
