// Values that are read when somebody scrapes, not when something happens: open runs, health, the program itself.
// A store that does not answer leaves its gauges as they were and shows as `store_up 0`.
import { within } from '../core/deadline.ts';
import type { RunId } from '../core/ids.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Metrics, MetricsPage } from '../core/ports/metrics.ts';
import type { Page, Store } from '../core/ports/store.ts';
import type { Run, RunState } from '../core/run.ts';
import type { HealthState } from './health-monitor.ts';
import { WAIT_REASONS, waitReasonOf } from '../core/wait-reason.ts';
import type { EngineOutage } from './engine-outage.ts';
import { METRICS } from './metric-definitions.ts';

const OPEN_STATES: readonly RunState[] = ['queued', 'running', 'waiting'];
const COUNT_MS = 2_000;
/** What a waiting run waits for is in the run itself: they are walked by the index of their state, a page at a time, up to a bound. */
const WAITING_PAGE = 200;
const WAITING_MAX = 10_000;
/** How long a worker that died is told of. */
const DEAD_MS = 3_600_000;

/** What the program uses: cpu time since its start, resident memory, event loop share since the last reading. */
export interface ProgramUsage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly eventLoopUsedRatio: number;
}

export interface ProgramGaugesOptions {
  readonly metrics: Metrics;
  readonly store: Pick<Store, 'countRuns' | 'listRuns' | 'listWorkers'>;
  readonly outage: Pick<EngineOutage, 'current' | 'totalMs'>;
  /** without a beat for so long a worker is dead */
  readonly deadAfterMs: number;
  readonly clock: Clock;
  readonly health: () => Promise<HealthState>;
  readonly usage: () => ProgramUsage;
  readonly version: string;
  readonly nodeVersion: string;
}

export class ProgramGauges {
  readonly #options: ProgramGaugesOptions;
  #cpuSeconds = 0;
  #awaySeconds = 0;

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
          const count = await store.countRuns({ states: [state] }, { signal });
          metrics.set(METRICS.runs, { state }, count);
          if (state === 'queued') this.#setWaitingForEngine(count);
        }
        await this.#countWaits(signal);
        await this.#countWorkers(signal);
      });
    } catch {
      // Told by store_up; the counts keep their last values.
    }
  }

  #setWaitingForEngine(queuedCount: number): void {
    const { metrics, outage } = this.#options;
    metrics.set(METRICS.runsWaiting, { reason: 'engine' }, outage.current === null ? 0 : queuedCount);
  }

  async #countWaits(signal: AbortSignal): Promise<void> {
    const { metrics, store } = this.#options;
    const counts = new Map(WAIT_REASONS.map((reason) => [reason, 0]));
    let after: RunId | null = null;
    for (let seen = 0; seen < WAITING_MAX; seen += WAITING_PAGE) {
      const page = { limit: WAITING_PAGE, ...(after === null ? {} : { after }) };
      const { items, next }: Page<Run> = await store.listRuns({ states: ['waiting'] }, page, { signal });
      for (const reason of items.flatMap(({ hooks }) => [...new Set(hooks.map(waitReasonOf))]))
        if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1);
      after = next;
      if (after === null) break;
    }
    for (const [reason, count] of counts) metrics.set(METRICS.runsWaiting, { reason }, count);
  }

  async #countWorkers(signal: AbortSignal): Promise<void> {
    const { metrics, store, clock, deadAfterMs } = this.#options;
    const silences = (await store.listWorkers({ signal })).map(({ beatAtMs }) => clock.nowMs() - beatAtMs);
    const alive = silences.filter((silentMs) => silentMs <= deadAfterMs).length;
    const dead = silences.filter((silentMs) => silentMs > deadAfterMs && silentMs <= DEAD_MS).length;
    metrics.set(METRICS.workers, { state: 'alive' }, alive);
    metrics.set(METRICS.workers, { state: 'dead' }, dead);
  }

  #setUsage(): void {
    const { metrics, usage, outage } = this.#options;
    const awaySeconds = outage.totalMs / 1000;
    metrics.add(METRICS.engineAwaySeconds, {}, awaySeconds - this.#awaySeconds);
    this.#awaySeconds = awaySeconds;
    const { cpuSeconds, memoryBytes, eventLoopUsedRatio } = usage();
    metrics.add(METRICS.processCpuSeconds, {}, cpuSeconds - this.#cpuSeconds);
    this.#cpuSeconds = cpuSeconds;
    metrics.set(METRICS.processMemory, {}, memoryBytes);
    metrics.set(METRICS.eventLoopUsed, {}, eventLoopUsedRatio);
  }
}
