// The series of one histogram, kept by the values of the labels and written out when the page is asked for. prom-client's own looks a series up
// by writing its labels out at every observation, which cost more than the rest of an event; to its registry this is a metric like others.
import type { Labels } from '../../core/ports/metrics.ts';
import { SeriesByLabels } from './series-by-labels.ts';

interface Series {
  /** observations up to each bound, those of lower bounds left out; the last one: above all */
  readonly counts: number[];
  sum: number;
}

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface HistogramShape {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** upper bounds, ascending */
  readonly buckets: readonly number[];
}

export class HeldHistogram {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #series: SeriesByLabels<Series>;

  constructor({ name, help, labels, buckets }: HistogramShape) {
    this.name = name;
    this.help = help;
    this.#bounds = buckets;
    this.#series = new SeriesByLabels(labels, (own) => {
      const stranger = Object.keys(own).find((label) => !labels.includes(label));
      if (stranger !== undefined) throw new Error(`${name} has no label ${stranger}`);
      return { counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
    });
    if (labels.length === 0) this.#series.of({});
  }

  /** @throws Error for labels that the metric does not have */
  observe(labels: Labels, value: number): void {
    const { series } = this.#series.of(labels);
    const bounds = this.#bounds;
    let place = 0;
    while (place < bounds.length && value > (bounds[place] ?? Infinity)) place += 1;
    series.counts[place] = (series.counts[place] ?? 0) + 1;
    series.sum += value;
  }

  remove(labels: Labels): void {
    this.#series.remove(labels);
  }

  /** As prom-client's registry asks a metric for its values. */
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: readonly Value[] }> {
    const { name, help, type, aggregator } = this;
    const values = [...this.#series].flatMap(({ labels, series }) => this.#valuesOf(labels, series));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  #valuesOf(labels: Labels, { counts, sum }: Series): readonly Value[] {
    let count = 0;
    const values = [...this.#bounds, '+Inf'].map((le, place): Value => {
      count += counts[place] ?? 0;
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count };
    });
    values.push({ metricName: `${this.name}_sum`, labels, value: sum });
    values.push({ metricName: `${this.name}_count`, labels, value: count });
    return values;
  }
}
