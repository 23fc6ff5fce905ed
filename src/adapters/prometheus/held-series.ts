// The series of one counter or gauge between two pages: what was added or set since, kept by the values of the labels.
import type { Labels } from '../../core/ports/metrics.ts';

interface Series {
  readonly labels: Record<string, string>;
  value: number;
  isChanged: boolean;
}

interface Removes {
  remove(labels: Record<string, string>): void;
}

export class HeldSeries {
  readonly #names: readonly string[];
  readonly #metric: Removes;
  readonly #pass: (labels: Record<string, string>, value: number) => void;
  readonly #series = new Map<string, Series>();

  /** @param pass adds to the counter, or sets the gauge; throws for labels that the metric does not have */
  constructor(
    names: readonly string[],
    metric: Removes,
    pass: (labels: Record<string, string>, value: number) => void,
  ) {
    this.#names = names;
    this.#metric = metric;
    this.#pass = pass;
  }

  add(labels: Labels, amount: number): void {
    const series = this.#of(labels);
    series.value += amount;
    series.isChanged = true;
  }

  set(labels: Labels, value: number): void {
    const series = this.#of(labels);
    series.value = value;
    series.isChanged = true;
  }

  remove(labels: Labels): void {
    this.#series.delete(this.#keyOf(labels));
    this.#metric.remove({ ...labels });
  }

  /** Gives what is held to the metric. A counter's series begins again at nothing; a gauge is set anew anyway. */
  pass(): void {
    for (const series of this.#series.values()) {
      if (!series.isChanged) continue;
      this.#pass(series.labels, series.value);
      series.isChanged = false;
      series.value = 0;
    }
  }

  /** The first time, the metric hears of the series at once: so wrong labels are told to who gave them. */
  #of(labels: Labels): Series {
    const key = this.#keyOf(labels);
    const found = this.#series.get(key);
    if (found !== undefined) return found;
    const series = { labels: { ...labels }, value: 0, isChanged: false };
    this.#pass(series.labels, 0);
    this.#series.set(key, series);
    return series;
  }

  #keyOf(labels: Labels): string {
    let key = '';
    for (const name of this.#names) key += `${labels[name] ?? ''}\n`;
    return key;
  }
}
