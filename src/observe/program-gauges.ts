// Values that are read when somebody scrapes, not when something happens: open runs, health, the program itself.
// A store that does not answer leaves its gauges as they were and shows as `store_up 0`.
import { within } from '../core/deadline.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Metrics, MetricsPage } from '../core/ports/metrics.ts';
import type { Store } from '../core/ports/store.ts';
import type { RunState } from '../core/run.ts';
import type { HealthState } from './health-monitor.ts';
import { METRICS } from './metric-definitions.ts';

const OPEN_STATES: readonly RunState[] = ['queued', 'running', 'waiting'];
const COUNT_MS = 2_000;

/** What the program uses: cpu time since its start, resident memory, event loop share since the last reading. */
export interface ProgramUsage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly eventLoopUsedRatio: number;
}

export interface ProgramGaugesOptions {
  readonly metrics: Metrics;
  readonly store: Pick<Store, 'countRuns'>;
  readonly clock: Clock;
  readonly health: () => Promise<HealthState>;
  readonly usage: () => ProgramUsage;
  readonly version: string;
  readonly nodeVersion: string;
}

export class ProgramGauges {
  readonly #options: ProgramGaugesOptions;
  #cpuSeconds = 0;

  constructor(options: ProgramGaugesOptions) {
    this.#options = options;
    options.metrics.set(METRICS.buildInfo, { version: options.version, node: options.nodeVersion }, 1);
  }

  /** The metrics page with fresh gauges. Never rejects for a store or engine that is down. */
  async page(): Promise<MetricsPage> {
    const [health] = await Promise.all([this.#options.health(), this.#countRuns()]);
    this.#setHealth(health);
    this.#setUsage();
    return await this.#options.metrics.page();
  }

  #setHealth({ components }: HealthState): void {
    const { metrics } = this.#options;
    for (const { name, isUp } of components) {
      if (name === 'store') metrics.set(METRICS.storeUp, {}, isUp ? 1 : 0);
      if (name === 'engine') metrics.set(METRICS.engineUp, {}, isUp ? 1 : 0);
    }
  }

  async #countRuns(): Promise<void> {
    const { metrics, store, clock } = this.#options;
    try {
      await within(clock, COUNT_MS, null, async (signal) => {
        for (const state of OPEN_STATES) {
          metrics.set(METRICS.runs, { state }, await store.countRuns({ states: [state] }, { signal }));
        }
      });
    } catch {
      // Told by store_up; the counts keep their last values.
    }
  }

  #setUsage(): void {
    const { metrics, usage } = this.#options;
    const { cpuSeconds, memoryBytes, eventLoopUsedRatio } = usage();
    metrics.add(METRICS.processCpuSeconds, {}, cpuSeconds - this.#cpuSeconds);
    this.#cpuSeconds = cpuSeconds;
    metrics.set(METRICS.processMemory, {}, memoryBytes);
    metrics.set(METRICS.eventLoopUsed, {}, eventLoopUsedRatio);
  }
}
