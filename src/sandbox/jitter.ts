// A random part, so that what began together does not end together.
import type { IdSource } from '../core/ports/id-source.ts';

/** 0 ≤ part < 1 */
export function randomPart(ids: IdSource): number {
  return Number.parseInt(ids.randomHex(2), 16) / 0x1_0000;
}
