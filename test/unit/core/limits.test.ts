// Defaults must lie in their own ranges, and derived numbers must follow their rules.
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, defaultCpuTimeMs, LIMIT_RANGES, tmpInodes, type LimitName } from '../../../src/core/limits.ts';

describe('limits', () => {
  it.each(Object.keys(DEFAULT_LIMITS) as LimitName[])('the default of %s lies in its range', (name) => {
    const { min, max } = LIMIT_RANGES[name];
    expect(DEFAULT_LIMITS[name]).toBeGreaterThanOrEqual(min);
    expect(DEFAULT_LIMITS[name]).toBeLessThanOrEqual(max);
  });

  it('has a range for every limit and no other', () => {
    expect(Object.keys(LIMIT_RANGES).sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort());
  });

  it('derives cpuTime from timeout × cpus, rounded up', () => {
    expect(DEFAULT_LIMITS.cpuTimeMs).toBe(defaultCpuTimeMs(DEFAULT_LIMITS.timeoutMs, DEFAULT_LIMITS.cpus));
    expect(defaultCpuTimeMs(1, 0.01)).toBe(1);
    expect(defaultCpuTimeMs(1000, 1.5)).toBe(1500);
  });

  it('gives one inode per 4 KiB of /tmp, and 64 at least', () => {
    expect(tmpInodes(16 * 1024 * 1024)).toBe(4096);
    expect(tmpInodes(64 * 1024)).toBe(64);
  });
});
