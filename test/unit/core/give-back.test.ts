// What is given back, and what is left alone.
import { expect, test } from 'vitest';
import { giveBack, LONG_BYTES } from '../../../src/core/give-back.ts';

test('long bytes of their own are none any more', () => {
  const own = new Uint8Array(LONG_BYTES + 2);
  giveBack(own.subarray(0, -2));
  expect([own.length, own.buffer.byteLength]).toEqual([0, 0]);
});

test.each([
  ['short bytes', new Uint8Array(LONG_BYTES - 1)],
  ['a part of something greater', new Uint8Array(LONG_BYTES * 3).subarray(0, LONG_BYTES)],
  ['what threads share', new Uint8Array(new SharedArrayBuffer(LONG_BYTES))],
])('%s: left alone', (_what, bytes) => {
  const before = bytes.length;
  giveBack(bytes);
  expect(bytes.length).toBe(before);
});
