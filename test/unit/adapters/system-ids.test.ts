// Ids of one source ascend even within one millisecond, and random bytes are what was asked for.
import { describe, expect, it } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { parseId } from '../../../src/core/ids.ts';

describe('SystemIds', () => {
  it('gives ids that ascend, also when many are made at once', () => {
    const source = new SystemIds();
    const ids = Array.from({ length: 10_000 }, () => source.newId('run'));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => parseId('run', id) === id)).toBe(true);
  });

  it('gives unpredictable hex of the length asked for', () => {
    const source = new SystemIds();
    expect(source.randomHex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(source.randomHex(10_000)).toMatch(/^[0-9a-f]{20000}$/);
  });

  it('never gives the same random bytes twice, though it fetches them by the page', () => {
    const source = new SystemIds();
    const all = Array.from({ length: 5_000 }, () => source.randomHex(7));
    expect(new Set(all).size).toBe(all.length);
  });
});
