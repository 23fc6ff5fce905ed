// The golden vectors through the host's codec: whole, cut at every byte, and byte by byte.
import { describe, expect, test } from 'vitest';
import { isViolation, readMessage } from '../../../src/protocol/stream/read-message.ts';
import { pluginMessageSchema } from '../../../src/protocol/stream/message-schemas.ts';
import { cutAt, decodeAll } from '../../support/stream/decode-all.ts';
import { readVectors } from '../../support/stream/read-vectors.ts';

const VECTORS = readVectors();
const SMALL_BYTES = 10_000;
const SMALL = VECTORS.filter(({ bytes }) => bytes.length < SMALL_BYTES);
const LARGE = VECTORS.filter(({ bytes }) => bytes.length >= SMALL_BYTES);

describe('the codec', { timeout: 600_000 }, () => {
  test('has vectors with names of their own', () => {
    expect(VECTORS.length).toBeGreaterThan(50);
    expect(new Set(VECTORS.map(({ name }) => name)).size).toBe(VECTORS.length);
  });

  test.each(VECTORS)('reads $name', ({ bytes, messages = [], count, violation, hint, end }) => {
    const decoded = decodeAll([bytes]);
    if (count === undefined) expect(decoded.messages).toEqual(messages.map((m) => readMessage(lineOf(m))));
    else expect(decoded.messages).toHaveLength(count);
    expect(decoded.violation?.violation).toBe(violation);
    expect(decoded.violation?.message ?? '').toContain(hint ?? '');
    expect(decoded.end?.violation).toBe(end);
  });

  test.each(SMALL)('reads the same wherever it is cut: $name', ({ bytes }) => {
    const whole = decodeAll([bytes]);
    for (let place = 0; place <= bytes.length; place += 1) expect(decodeAll(cutAt(bytes, [place]))).toEqual(whole);
    const single = cutAt(
      bytes,
      Array.from(bytes, (_byte, index) => index),
    );
    expect(decodeAll(single)).toEqual(whole);
  });

  test.each(LARGE)('reads the same in pieces of 64 KiB: $name', ({ bytes }) => {
    const places = Array.from({ length: Math.floor(bytes.length / 65_536) }, (_, index) => (index + 1) * 65_536);
    const [whole, inPieces] = [decodeAll([bytes]), decodeAll(cutAt(bytes, places))];
    expect(inPieces.messages.length).toBe(whole.messages.length);
    expect(inPieces.violation).toEqual(whole.violation);
  });

  test('takes every message that the schema takes; beyond it, only notifications of a later version', () => {
    for (const message of VECTORS.flatMap(({ messages = [] }) => messages)) {
      const isLater = JSON.stringify(message).includes('"later"}');
      expect(pluginMessageSchema.safeParse(message).success).toBe(!isLater);
      expect(isViolation(readMessage(lineOf(message)))).toBe(false);
    }
  });
});

function lineOf(message: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(message));
}
