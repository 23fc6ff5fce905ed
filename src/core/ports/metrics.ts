// What metrics need of a metrics library. Names, labels and buckets are fixed by definitions, so that every series is known in advance.
// Nothing here throws on the path of an event: a wrong label set is a defect that unit tests find.

export type Labels = Readonly<Record<string, string>>;

export interface MetricDefinition {
  /** with prefix and unit: `gantry_runs_total` */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** upper bounds, ascending; histograms only */
  readonly buckets?: readonly number[];
}

export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

export interface Metrics {
  /** Adds to a counter; amounts that are negative or not finite are dropped. */
  add(definition: MetricDefinition, labels: Labels, amount?: number): void;
  /** Sets a gauge. */
  set(definition: MetricDefinition, labels: Labels, value: number): void;
  /** Puts one observation into a histogram. */
  observe(definition: MetricDefinition, labels: Labels, value: number): void;
  /** Drops every series of the metric that carries exactly these labels. */
  remove(definition: MetricDefinition, labels: Labels): void;
  /** The text exposition of everything defined, also of metrics without a series yet. */
  page(): Promise<MetricsPage>;
}
