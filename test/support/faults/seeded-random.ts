// Chance that can be had again: what a fault suite did is told by one number.
import { randomInt } from 'node:crypto';

export interface RandomSource {
  /** from 0 to 1, without 1 */
  next(): number;
  /** a whole number from 0 to limit, without limit */
  below(limit: number): number;
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T;
}

/** The seed to use: GANTRY_TEST_SEED, else a new one. */
export function faultSeed(): number {
  const given = process.env['GANTRY_TEST_SEED'];
  return given === undefined ? randomInt(2 ** 31) : Number(given);
}

/** mulberry32: small, and good enough to choose moments. */
export function seededRandom(seed: number): RandomSource {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    pick: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to choose from');
      return item;
    },
  };
}
