// What a gauge may leave out, and what makes it ask: no kill, no refused process and no withheld time stays untold for good.
import { expect, test } from 'vitest';
import type { CgroupUsage, TmpUse, UsageGauge } from '../../../src/core/ports/usage-meter.ts';
import { ThriftyGauge } from '../../../src/sandbox/session/thrifty-gauge.ts';

const MiB = 1024 * 1024;
const LIMITS = { cpus: 0.5, memoryBytes: 100 * MiB, pids: 64 };
const REST: CgroupUsage = {
  cpuTimeMs: 100,
  memoryBytes: 9 * MiB,
  memoryPeakBytes: 10 * MiB,
  anonBytes: 5 * MiB,
  shmemBytes: 0,
  pids: 1,
  oomKills: 0,
  throttledMs: 0,
  pidsRefused: 0,
};
const MOVED = { oomKills: 1, throttledMs: 2, pidsRefused: 3 };

/** Counts the full readings. */
class CountedGauge implements UsageGauge {
  usage: CgroupUsage | null = REST;
  fullReadings = 0;

  read(): CgroupUsage | null {
    this.fullReadings += 1;
    return this.usage;
  }

  readBeside({ oomKills, throttledMs, pidsRefused }: CgroupUsage): CgroupUsage | null {
    return this.usage && { ...this.usage, anonBytes: null, shmemBytes: null, oomKills, throttledMs, pidsRefused };
  }

  countProcesses(): number | null {
    return this.usage?.pids ?? null;
  }

  tmpUse(): TmpUse | null {
    return this.usage && { bytes: this.usage.shmemBytes ?? 0, files: 1 };
  }

  [Symbol.dispose](): void {
    this.usage = null;
  }
}

function gaugeAt(limits = LIMITS): { readonly gauge: ThriftyGauge; readonly files: CountedGauge } {
  const files = new CountedGauge();
  const gauge = new ThriftyGauge(files, limits);
  gauge.read();
  return { gauge, files };
}

test('leaves the rare counters as they were after a run that moved little', () => {
  const { gauge, files } = gaugeAt();
  files.usage = { ...REST, ...MOVED, cpuTimeMs: 100.4, memoryBytes: 11 * MiB, shmemBytes: 4096 };
  const leftOut = { anonBytes: null, shmemBytes: null };
  expect(gauge.readThriftily()).toEqual({ ...REST, ...leftOut, cpuTimeMs: 100.4, memoryBytes: 11 * MiB });
  expect(files.fullReadings).toBe(1);
});

test.each<[string, Partial<CgroupUsage>]>([
  ['two milliseconds of CPU time', { cpuTimeMs: 102 }],
  ['memory near its limit, even if it was long ago', { memoryPeakBytes: 90 * MiB }],
  ['half of the processes', { pids: 32 }],
  ['a CPU time that cannot be read', { cpuTimeMs: null }],
  ['a peak that cannot be read', { memoryPeakBytes: null }],
  ['processes that cannot be read', { pids: null }],
])('asks for the rare counters after %s', (_title, change) => {
  const { gauge, files } = gaugeAt();
  files.usage = { ...REST, ...MOVED, ...change };
  expect(gauge.readThriftily()).toEqual(files.usage);
});

test('adds up the CPU time of many small runs until it asks', () => {
  const { gauge, files } = gaugeAt();
  const told = [0.5, 1, 1.5, 2, 2.5].map((usedMs) => {
    files.usage = { ...REST, ...MOVED, cpuTimeMs: 100 + usedMs };
    return gauge.readThriftily()?.throttledMs;
  });
  expect(told).toEqual([0, 0, 0, 2, 2]);
  expect(files.fullReadings).toBe(2);
});

test('asks sooner where the quota is small', () => {
  const { gauge, files } = gaugeAt({ ...LIMITS, cpus: 0.01 });
  files.usage = { ...REST, ...MOVED, cpuTimeMs: 100.5 };
  expect(gauge.readThriftily()).toEqual(files.usage);
});

test('reads everything when it never has, and nothing once the container is gone', () => {
  const files = new CountedGauge();
  using gauge = new ThriftyGauge(files, LIMITS);
  expect(gauge.readThriftily()).toEqual(REST);
  expect(gauge.countProcesses()).toBe(1);
  expect(gauge.tmpUse()).toMatchObject({ files: 1 });
  files.usage = null;
  expect(gauge.readThriftily()).toBeNull();
  expect(gauge.read()).toBeNull();
});

test('reads once for those that end together, and anew for what was read from the plugin later, or a moment later', () => {
  const { gauge, files } = gaugeAt();
  const cpuTimeAt = (usedMs: number, pass: number, nowMs: number): number | null | undefined => {
    files.usage = { ...REST, cpuTimeMs: 100 + usedMs };
    return gauge.readTogether({ pass, nowMs })?.cpuTimeMs;
  };
  expect([cpuTimeAt(0.1, 1, 50), cpuTimeAt(0.2, 1, 50.1), cpuTimeAt(0.3, 2, 50.1)]).toEqual([100.1, 100.1, 100.3]);
  expect([cpuTimeAt(0.4, 2, 50.2), cpuTimeAt(0.5, 2, 51)]).toEqual([100.3, 100.5]);
  gauge.read();
  expect(cpuTimeAt(0.6, 2, 51)).toBe(100.6);
});
