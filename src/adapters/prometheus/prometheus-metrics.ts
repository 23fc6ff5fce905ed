// prom-client behind the Metrics port: one registry per program, every defined metric present from the start, no default registry.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Labels, MetricDefinition, Metrics, MetricsPage } from '../../core/ports/metrics.ts';

export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<MetricDefinition, Counter>();
  readonly #gauges = new Map<MetricDefinition, Gauge>();
  readonly #histograms = new Map<MetricDefinition, Histogram>();

  /** Metrics that are not among the definitions are ignored, so nothing undocumented can appear. */
  constructor(definitions: readonly MetricDefinition[]) {
    for (const definition of definitions) this.#define(definition);
  }

  #define(definition: MetricDefinition): void {
    const { name, help, kind, labels, buckets } = definition;
    const base = { name, help, labelNames: [...labels], registers: [this.#registry] };
    switch (kind) {
      case 'counter':
        this.#counters.set(definition, new Counter(base));
        return;
      case 'gauge':
        this.#gauges.set(definition, new Gauge(base));
        return;
      case 'histogram':
        this.#histograms.set(definition, new Histogram({ ...base, buckets: [...(buckets ?? [])] }));
        return;
    }
  }

  add(definition: MetricDefinition, labels: Labels, amount = 1): void {
    if (Number.isFinite(amount) && amount >= 0) this.#counters.get(definition)?.inc({ ...labels }, amount);
  }

  set(definition: MetricDefinition, labels: Labels, value: number): void {
    if (Number.isFinite(value)) this.#gauges.get(definition)?.set({ ...labels }, value);
  }

  observe(definition: MetricDefinition, labels: Labels, value: number): void {
    if (Number.isFinite(value)) this.#histograms.get(definition)?.observe({ ...labels }, value);
  }

  remove(definition: MetricDefinition, labels: Labels): void {
    this.#counters.get(definition)?.remove({ ...labels });
    this.#gauges.get(definition)?.remove({ ...labels });
    this.#histograms.get(definition)?.remove({ ...labels });
  }

  async page(): Promise<MetricsPage> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
