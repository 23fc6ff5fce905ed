// The decoder against bytes of any kind, at any cut: no exception, the same answer as in one piece, nothing after a violation.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrayOfLines, type Lines } from '../../../support/stream/split-lines.ts';
import { mostlyMessages, mutated, noise, places, SEED } from '../../../support/stream/arbitrary-bytes.ts';
import { cutAt, decodeAll } from '../../../support/stream/decode-all.ts';

const RUNS = 6_000;

/** Many runs: a slow machine gets its time. */
const DEADLINE_MS = 600_000;

describe('the decoder', { timeout: DEADLINE_MS }, () => {
  test.each([
    ['messages', mostlyMessages],
    ['noise', noise],
    ['mutated messages', mutated],
  ])('reads %s the same at any cut', (_what, bytes) => {
    fc.assert(
      fc.property(bytes, places, (whole, cuts) => {
        const within = cuts.filter((cut) => cut <= whole.length);
        expect(decodeAll(cutAt(whole, within))).toEqual(decodeAll([whole]));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test('reads line by line what it reads at once, up to the first violation', () => {
    fc.assert(
      fc.property(mutated, (whole) => {
        const decoded = decodeAll([whole]);
        const lines: Lines = arrayOfLines(whole);
        const single = lines.whole.map((line) => decodeAll([line]));
        const firstBad = single.findIndex(({ violation }) => violation !== null);
        const good = firstBad === -1 ? single : single.slice(0, firstBad);
        expect(decoded.messages).toEqual(good.flatMap(({ messages }) => messages));
        expect(decoded.violation).toEqual(single[firstBad]?.violation ?? null);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test('holds the limit of a line to the byte, at any cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        places,
        (maxBytes, length, cuts) => {
          const line = Buffer.from(`${' '.repeat(length)}\n`);
          const { violation } = decodeAll(
            cutAt(
              line,
              cuts.filter((cut) => cut <= line.length),
            ),
            maxBytes,
          );
          expect(violation?.violation).toBe(length > maxBytes ? 'too_large' : undefined);
        },
      ),
      { seed: SEED, numRuns: 2_000 },
    );
  });
});
