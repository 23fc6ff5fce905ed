// Domain events of sandboxes, builds, the engine and the store → metrics.
import type { RunEvent, SystemEvent, TriggerEvent } from '../core/events.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import { PRESSED_RESOURCES } from '../core/pressure.ts';
import type { QuarantineState } from '../core/quarantine.ts';
import { SANDBOX_STATES, type SandboxState } from '../core/sandbox.ts';
import type { KnownNames } from './known-names.ts';
import type { PluginMetrics } from './plugin-metrics.ts';
import { METRICS } from './metric-definitions.ts';

type PlatformEvent = Exclude<
  SystemEvent,
  TriggerEvent | { readonly kind: 'runRecovered' | 'runRefused' | 'hostRequestAnswered' }
>;
type SandboxEvent = Extract<
  PlatformEvent,
  { readonly kind: 'sandboxMoved' | 'sandboxStarted' | 'sandboxTaken' | 'quotaBreached' | 'cpuThrottled' }
>;
type PluginEvent = Extract<
  PlatformEvent,
  { readonly kind: 'buildFinished' | 'pluginRegistered' | 'pluginRemoved' | 'pluginRefused' }
>;
type ImageEvent = Extract<PlatformEvent, { readonly kind: 'imageRemoved' | 'imagesCounted' }>;
type SweptEvent = Extract<PlatformEvent, { readonly kind: 'recordsRemoved' }>;
type CapacityEvent =
  | ImageEvent
  | Extract<
      PlatformEvent,
      {
        readonly kind:
          'capacityChanged' | 'quarantineMoved' | 'pressureMeasured' | 'pressureChanged' | 'invocationProgressed';
      }
    >;
type HostEvent = Exclude<PlatformEvent, SandboxEvent | PluginEvent>;

/** Events that the recorder of runs leaves to this file. */
export type LeftEvent = Exclude<PlatformEvent, RunEvent>;

export class PlatformMetrics {
  readonly #metrics: Metrics;
  readonly #plugins: KnownNames;
  readonly #own: PluginMetrics;
  readonly #sandboxes = new Map<SandboxState, number>();
  readonly #quarantined = new Set<string>();

  constructor(metrics: Metrics, plugins: KnownNames, own: PluginMetrics) {
    this.#own = own;
    this.#metrics = metrics;
    this.#plugins = plugins;
    for (const state of SANDBOX_STATES) this.#count(state, 0);
    metrics.set(METRICS.plugins, {}, 0);
    metrics.set(METRICS.pluginsQuarantined, {}, 0);
  }

  record(event: LeftEvent): void {
    switch (event.kind) {
      case 'sandboxMoved':
      case 'sandboxStarted':
      case 'sandboxTaken':
      case 'quotaBreached':
      case 'cpuThrottled':
        this.#sandbox(event);
        return;
      case 'buildFinished':
      case 'pluginRegistered':
      case 'pluginRemoved':
      case 'pluginRefused':
        this.#plugin(event);
        return;
      default:
        this.#host(event);
    }
  }

  #sandbox(event: SandboxEvent): void {
    const plugin = this.#plugins.label(event.plugin);
    switch (event.kind) {
      case 'sandboxMoved':
        if (event.from !== null) this.#count(event.from, -1);
        this.#count(event.to, 1);
        return;
      case 'sandboxStarted':
        this.#metrics.observe(
          METRICS.sandboxStart,
          { isolation: 'standard', transport: event.transport },
          event.durationMs / 1000,
        );
        return;
      case 'sandboxTaken':
        this.#metrics.add(METRICS.poolHits, { plugin, kind: event.sandboxKind });
        return;
      case 'quotaBreached':
        this.#metrics.add(METRICS.quotaBreaches, { plugin, limit: event.limit });
        return;
      case 'cpuThrottled':
        this.#metrics.add(METRICS.cpuThrottledSeconds, { plugin }, event.throttledMs / 1000);
        return;
    }
  }

  /** `gone` is the end of a sandbox, not a place where sandboxes are: it has no gauge. */
  #count(state: SandboxState, change: number): void {
    if (state === 'gone') return;
    const count = Math.max(0, (this.#sandboxes.get(state) ?? 0) + change);
    this.#sandboxes.set(state, count);
    this.#metrics.set(METRICS.sandboxes, { state }, count);
  }

  #plugin(event: PluginEvent): void {
    switch (event.kind) {
      case 'buildFinished': {
        const result = event.isSuccessful ? 'succeeded' : 'failed';
        this.#metrics.observe(METRICS.buildDuration, { result }, event.durationMs / 1000);
        return;
      }
      case 'pluginRegistered':
        this.#plugins.add(event.plugin);
        break;
      case 'pluginRemoved':
        this.#plugins.remove(event.plugin);
        this.#own.forget(event.plugin);
        this.#metrics.remove(METRICS.pluginMemoryPeak, { plugin: event.plugin });
        break;
      case 'pluginRefused':
        this.#metrics.add(METRICS.pluginsRefused, { code: event.code });
        return;
    }
    this.#metrics.set(METRICS.plugins, {}, this.#plugins.size);
  }

  #image(event: ImageEvent): void {
    if (event.kind === 'imageRemoved') {
      this.#metrics.add(METRICS.imagesRemoved, { reason: event.reason });
      return;
    }
    this.#metrics.set(METRICS.images, {}, event.count);
    this.#metrics.set(METRICS.imageBytes, {}, event.sizeBytes);
  }

  #capacity(event: CapacityEvent): void {
    switch (event.kind) {
      case 'capacityChanged':
        this.#metrics.set(METRICS.capacityUsed, { resource: event.resource }, event.usedRatio);
        return;
      case 'invocationProgressed':
        return;
      case 'quarantineMoved':
        this.#quarantine(event.version, event.to);
        return;
      case 'pressureMeasured':
        for (const resource of PRESSED_RESOURCES) {
          const ratio = event[resource];
          if (ratio !== null) this.#metrics.set(METRICS.hostPressure, { resource }, ratio);
        }
        return;
      case 'pressureChanged':
        return;
      case 'imageRemoved':
      case 'imagesCounted':
        this.#image(event);
        return;
    }
  }

  #swept(event: SweptEvent): void {
    const removed = {
      run: event.runs,
      document: event.documents,
      log_line: event.logLines,
      artifact: event.artifacts,
      pipeline_version: event.pipelineVersions,
      plugin_version: event.pluginVersions,
    };
    for (const [kind, count] of Object.entries(removed)) this.#metrics.add(METRICS.recordsRemoved, { kind }, count);
    if (event.isComplete) this.#metrics.set(METRICS.recordsSwept, {}, event.atMs / 1000);
  }

  #quarantine(version: string, state: QuarantineState): void {
    if (state === 'closed') this.#quarantined.delete(version);
    else this.#quarantined.add(version);
    this.#metrics.set(METRICS.pluginsQuarantined, {}, this.#quarantined.size);
  }

  #host(event: HostEvent): void {
    switch (event.kind) {
      case 'orphansReaped':
        this.#metrics.add(METRICS.orphansReaped, {}, event.count);
        return;
      case 'engineRequestFinished': {
        const labels = { op: event.operation, code: event.result };
        this.#metrics.observe(METRICS.engineRequest, labels, event.durationMs / 1000);
        return;
      }
      case 'engineLost':
        this.#metrics.set(METRICS.engineUp, {}, 0);
        return;
      case 'engineFound':
        this.#metrics.set(METRICS.engineUp, {}, 1);
        return;
      case 'storeOperationFinished':
        this.#metrics.observe(METRICS.storeOp, { op: event.operation }, event.durationMs / 1000);
        if (!event.isSuccessful) this.#metrics.add(METRICS.storeOpFailures, { op: event.operation });
        return;
      case 'staleWriteIgnored':
        this.#metrics.add(METRICS.staleWrites, { op: event.operation });
        return;
      case 'recordsRemoved':
        this.#swept(event);
        return;
      case 'logWritten':
        this.#metrics.add(METRICS.logLines, { level: event.line.level });
        return;
      default:
        this.#capacity(event);
    }
  }
}
