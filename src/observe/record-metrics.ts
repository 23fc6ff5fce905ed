// Domain events → metrics. The only writer of event metrics, so they cannot disagree with what the store acknowledged.
// Split by noun: runs and invocations here, sandboxes and the platform in record-platform-metrics.ts.
import type { DomainEvent, TriggerEvent } from '../core/events.ts';
import type { Invocation } from '../core/invocation.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import type { Run } from '../core/run.ts';
import { METRICS } from './metric-definitions.ts';
import { KnownNames } from './known-names.ts';
import { PluginMetrics } from './plugin-metrics.ts';
import { PlatformMetrics, type LeftEvent } from './record-platform-metrics.ts';
import { isTriggerEvent, recordTriggers } from './record-trigger-metrics.ts';

export interface MetricsRecorderOptions {
  readonly metrics: Metrics;
  /** names of the declared pipelines and hooks: others become `other` */
  readonly pipelines: readonly string[];
  readonly hooks: readonly string[];
}

export class MetricsRecorder {
  readonly #metrics: Metrics;
  readonly #pipelines = new KnownNames();
  readonly #hooks = new KnownNames();
  readonly #plugins = new KnownNames();
  readonly #platform: PlatformMetrics;
  readonly #own: PluginMetrics;

  constructor(options: MetricsRecorderOptions) {
    this.#metrics = options.metrics;
    this.know(options.pipelines, options.hooks);
    this.#own = new PluginMetrics(options.metrics);
    this.#platform = new PlatformMetrics(options.metrics, this.#plugins, this.#own);
  }

  /** Names that were declared meanwhile. Earlier ones stay known: their runs may still be under way. */
  know(pipelines: readonly string[], hooks: readonly string[]): void {
    for (const name of pipelines) this.#pipelines.add(name);
    for (const name of hooks) this.#hooks.add(name);
  }

  /** Takes one event; an `EventListener`. */
  readonly record = (event: DomainEvent): void => {
    switch (event.kind) {
      case 'runFinished':
        this.#runFinished(event.run);
        return;
      case 'runRefused':
        this.#metrics.add(METRICS.runsRefused, { pipeline: this.#pipelines.label(event.pipeline), code: event.code });
        return;
      case 'runRecovered':
        this.#metrics.add(METRICS.runsRecovered, { pipeline: this.#pipelines.label(event.pipeline) });
        return;
      case 'invocationFinished':
        this.#invocationFinished(event.invocation);
        return;
      case 'hostRequestAnswered':
        this.#metrics.add(METRICS.hostRequests, { service: event.service, outcome: event.result });
        return;
      default:
        if (!isUncounted(event)) this.#other(event);
    }
  };

  #other(event: LeftEvent | TriggerEvent): void {
    if (isTriggerEvent(event)) recordTriggers(event, this.#metrics);
    else this.#platform.record(event);
  }

  #runFinished(run: Run): void {
    const pipeline = this.#pipelines.label(run.pipeline);
    this.#metrics.add(METRICS.runsTotal, { pipeline, outcome: run.state });
    if (run.finishedAtMs === null) return;
    if (run.startedAtMs !== null) {
      this.#metrics.observe(METRICS.runQueueWait, { pipeline }, seconds(run.startedAtMs - run.createdAtMs));
      this.#metrics.observe(METRICS.runDuration, { pipeline }, seconds(run.finishedAtMs - run.startedAtMs));
    }
    if (run.state === 'succeeded') this.#metrics.set(METRICS.lastSuccess, { pipeline }, run.finishedAtMs / 1000);
  }

  #invocationFinished(invocation: Invocation): void {
    const plugin = this.#plugins.label(invocation.plugin);
    const hook = this.#hooks.label(invocation.hook);
    const outcome = invocation.outcome?.code ?? 'lost';
    this.#metrics.add(METRICS.invocationsTotal, { plugin, hook, outcome });
    if (invocation.retryAtMs !== null) this.#metrics.add(METRICS.retries, { plugin, outcome });
    if (invocation.startedAtMs !== null && invocation.finishedAtMs !== null) {
      const durationMs = invocation.finishedAtMs - invocation.startedAtMs;
      this.#metrics.observe(METRICS.invocationDuration, { plugin, hook }, seconds(durationMs));
    }
    this.#phases(invocation);
    this.#usage(invocation, plugin);
    if (plugin === invocation.plugin) this.#own.record(invocation, plugin);
  }

  #phases({ phases }: Invocation): void {
    if (phases === null) return;
    this.#phase('sandbox_wait', phases.sandboxWaitMs);
    this.#phase('send', phases.sendMs);
    this.#phase('run', phases.runMs);
    this.#phase('receive', phases.receiveMs);
  }

  #phase(phase: string, durationMs: number | null): void {
    if (durationMs !== null) this.#metrics.observe(METRICS.invocationPhase, { phase }, seconds(durationMs));
  }

  #usage({ usage }: Invocation, plugin: string): void {
    if (usage === null) return;
    if (usage.memoryPeakBytes !== null) this.#metrics.set(METRICS.pluginMemoryPeak, { plugin }, usage.memoryPeakBytes);
    if (usage.cpuTimeMs !== null) this.#metrics.add(METRICS.pluginCpuSeconds, { plugin }, usage.cpuTimeMs / 1000);
  }
}

/** Clocks may jump: a negative duration counts as none. */
function seconds(durationMs: number): number {
  return Math.max(0, durationMs) / 1000;
}

/** Steps of a run on its way: what is counted are ends. */
const UNCOUNTED = [
  ...(['runQueued', 'runClaimed', 'runSuspended', 'approvalDecided'] as const),
  ...(['hookStarted', 'hookFinished', 'invocationStarted'] as const),
];
const UNCOUNTED_KINDS: ReadonlySet<string> = new Set(UNCOUNTED);

function isUncounted(event: DomainEvent): event is Extract<DomainEvent, { kind: (typeof UNCOUNTED)[number] }> {
  return UNCOUNTED_KINDS.has(event.kind);
}
