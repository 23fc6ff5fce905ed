// The series of one counter or gauge between two pages: what was added or set since, kept by the values of the labels.
import type { Labels } from '../../core/ports/metrics.ts';
import { SeriesByLabels } from './series-by-labels.ts';

interface Series {
  value: number;
  isChanged: boolean;
}

interface Removes {
  remove(labels: Record<string, string>): void;
}

export class HeldSeries {
  readonly #metric: Removes;
  readonly #pass: (labels: Record<string, string>, value: number) => void;
  readonly #series: SeriesByLabels<Series>;

  /** @param pass adds to the counter, or sets the gauge; throws for labels that the metric does not have */
  constructor(
    names: readonly string[],
    metric: Removes,
    pass: (labels: Record<string, string>, value: number) => void,
  ) {
    this.#metric = metric;
    this.#pass = pass;
    // The first time, the metric hears of the series at once: so wrong labels are told to who gave them.
    this.#series = new SeriesByLabels(names, (labels) => {
      pass(labels, 0);
      return { value: 0, isChanged: false };
    });
  }

  add(labels: Labels, amount: number): void {
    const { series } = this.#series.of(labels);
    series.value += amount;
    series.isChanged = true;
  }

  set(labels: Labels, value: number): void {
    const { series } = this.#series.of(labels);
    series.value = value;
    series.isChanged = true;
  }

  remove(labels: Labels): void {
    this.#series.remove(labels);
    this.#metric.remove({ ...labels });
  }

  /** Gives what is held to the metric. A counter's series begins again at nothing; a gauge is set anew anyway. */
  pass(): void {
    for (const { labels, series } of this.#series) {
      if (!series.isChanged) continue;
      this.#pass(labels, series.value);
      series.isChanged = false;
      series.value = 0;
    }
  }
}
