// prom-client behind the Metrics port: one registry per program, every defined metric present from the start, no default registry.
// Surprise: what was counted comes to prom-client when the page is asked for. It looks a series up by writing its labels out, which would cost
// more than the rest of an event.
import { Counter, Gauge, Registry, type Histogram } from 'prom-client';
import type { Labels, MetricDefinition, Metrics, MetricsPage } from '../../core/ports/metrics.ts';
import { HeldHistogram } from './held-histogram.ts';
import { HeldSeries } from './held-series.ts';

export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<MetricDefinition, HeldSeries>();
  readonly #gauges = new Map<MetricDefinition, HeldSeries>();
  readonly #histograms = new Map<MetricDefinition, HeldHistogram>();

  /** Metrics that are not among the definitions are ignored, so nothing undocumented can appear. */
  constructor(definitions: readonly MetricDefinition[]) {
    for (const definition of definitions) this.#define(definition);
  }

  #define(definition: MetricDefinition): void {
    const { name, help, kind, labels, buckets } = definition;
    const base = { name, help, labelNames: [...labels], registers: [this.#registry] };
    switch (kind) {
      case 'counter': {
        const counter = new Counter(base);
        this.#counters.set(definition, new HeldSeries(labels, counter, counter.inc.bind(counter)));
        return;
      }
      case 'gauge': {
        const gauge = new Gauge(base);
        this.#gauges.set(definition, new HeldSeries(labels, gauge, gauge.set.bind(gauge)));
        return;
      }
      case 'histogram': {
        const histogram = new HeldHistogram({ name, help, labels, buckets: buckets ?? [] });
        this.#histograms.set(definition, histogram);
        // The registry asks a metric for its name and its values; the types want one of prom-client's own classes.
        this.#registry.registerMetric(histogram as unknown as Histogram);
        return;
      }
    }
  }

  add(definition: MetricDefinition, labels: Labels, amount = 1): void {
    if (Number.isFinite(amount) && amount >= 0) this.#counters.get(definition)?.add(labels, amount);
  }

  set(definition: MetricDefinition, labels: Labels, value: number): void {
    if (Number.isFinite(value)) this.#gauges.get(definition)?.set(labels, value);
  }

  observe(definition: MetricDefinition, labels: Labels, value: number): void {
    if (Number.isFinite(value)) this.#histograms.get(definition)?.observe(labels, value);
  }

  remove(definition: MetricDefinition, labels: Labels): void {
    this.#counters.get(definition)?.remove(labels);
    this.#gauges.get(definition)?.remove(labels);
    this.#histograms.get(definition)?.remove(labels);
  }

  async page(): Promise<MetricsPage> {
    for (const held of this.#counters.values()) held.pass();
    for (const held of this.#gauges.values()) held.pass();
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
