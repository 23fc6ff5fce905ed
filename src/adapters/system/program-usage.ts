// What this process uses, for its own gauges. The event loop's share counts from the last reading.
import { performance } from 'node:perf_hooks';

export interface ProgramUsageReading {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly eventLoopUsedRatio: number;
}

export function createProgramUsage(): () => ProgramUsageReading {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    const { user, system } = process.cpuUsage();
    return {
      cpuSeconds: (user + system) / 1e6,
      memoryBytes: process.memoryUsage.rss(),
      eventLoopUsedRatio: utilization,
    };
  };
}
