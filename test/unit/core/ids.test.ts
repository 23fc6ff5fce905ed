// Ids sort by time, and nothing hostile passes for one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatId, parseId, type IdPrefix } from '../../../src/core/ids.ts';

const PREFIXES = ['run', 'inv', 'sbx', 'wrk', 'art'] as const satisfies readonly IdPrefix[];
const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
const timeMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const prefix = fc.constantFrom(...PREFIXES);

/** The 128 bits behind an id. */
function bitsOf(id: string): bigint {
  let bits = 0n;
  for (const char of id.slice(4)) bits = bits * 32n + BigInt('0123456789abcdefghjkmnpqrstvwxyz'.indexOf(char));
  return bits;
}

describe('formatId', () => {
  it('sorts as text by creation time, whatever the random bytes', () => {
    fc.assert(
      fc.property(timeMs, timeMs, random, random, (left, right, one, two) => {
        fc.pre(left !== right);
        const isBefore = formatId('run', left, one) < formatId('run', right, two);
        return isBefore === left < right;
      }),
    );
  });

  it('writes a UUIDv7: time, version 7, variant 10, and every random bit that is left', () => {
    fc.assert(
      fc.property(timeMs, random, (nowMs, bytes) => {
        const bits = bitsOf(formatId('inv', nowMs, bytes));
        expect(bits >> 80n).toBe(BigInt(nowMs));
        expect((bits >> 76n) & 0xfn).toBe(7n);
        expect((bits >> 62n) & 0x3n).toBe(2n);
        const wanted = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
        const free = (1n << 80n) - 1n - (0xfn << 76n) - (0x3n << 62n);
        expect(bits & free).toBe(wanted & free);
      }),
    );
  });

  it('matches the example of RFC 9562, appendix A.6', () => {
    const uuid = BigInt('0x017F22E279B07CC398C4DC0C0C07398F');
    const bytes = Uint8Array.from({ length: 10 }, (_, index) => Number((uuid >> BigInt(8 * (9 - index))) & 0xffn));
    expect(bitsOf(formatId('run', 0x017f22e279b0, bytes))).toBe(uuid);
  });
});

describe('parseId', () => {
  it('takes back every id that was written, for its own kind only', () => {
    fc.assert(
      fc.property(prefix, timeMs, random, (kind, nowMs, bytes) => {
        const id = formatId(kind, nowMs, bytes);
        for (const other of PREFIXES) expect(parseId(other, id)).toBe(other === kind ? id : null);
      }),
    );
  });

  const body = '01jh2e8m4wf8x9q0z5v7k3t6ab';
  it.each([
    [''],
    ['run_'],
    [body],
    [`run_${body.slice(1)}`],
    [`run_${body}0`],
    [`run_${body}\n`],
    [` run_${body}`],
    [`RUN_${body}`],
    [`run_${body.toUpperCase()}`],
    [`run_8${body.slice(1)}`],
    [`run_${body.slice(0, -1)}l`],
    [`run_${body.slice(0, -1)}o`],
    [`run_${body.slice(0, -1)}i`],
    [`run_${body.slice(0, -1)}u`],
    [`run_${'../'.repeat(8)}ab`],
    [`run_${body.slice(0, -1)}\u0000`],
    ['run_'.padEnd(100_000, '0')],
  ])('refuses %j', (text) => {
    expect(parseId('run', text)).toBeNull();
    expect(parseId('run', `run_${body}`)).not.toBeNull();
  });
});
