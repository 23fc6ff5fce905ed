// The series of one metric, found by the values of its labels in their order: no text but these values is made to look one up.
import type { Labels } from '../../core/ports/metrics.ts';

interface Entry<T> {
  readonly labels: Record<string, string>;
  readonly series: T;
}

export class SeriesByLabels<T> implements Iterable<Entry<T>> {
  readonly #names: readonly string[];
  readonly #make: (labels: Record<string, string>) => T;
  readonly #entries = new Map<string, Entry<T>>();

  /** @param make makes a series the first time; throws for labels that the metric does not have */
  constructor(names: readonly string[], make: (labels: Record<string, string>) => T) {
    this.#names = names;
    this.#make = make;
  }

  of(labels: Labels): Entry<T> {
    const key = this.#keyOf(labels);
    const found = this.#entries.get(key);
    if (found !== undefined) return found;
    const own = { ...labels };
    const entry = { labels: own, series: this.#make(own) };
    this.#entries.set(key, entry);
    return entry;
  }

  remove(labels: Labels): void {
    this.#entries.delete(this.#keyOf(labels));
  }

  [Symbol.iterator](): Iterator<Entry<T>> {
    return this.#entries.values();
  }

  #keyOf(labels: Labels): string {
    let key = '';
    for (const name of this.#names) key += `${labels[name] ?? ''}\n`;
    return key;
  }
}
