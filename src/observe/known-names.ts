// Label values that may come from outside pass here: names that are known stay, everything else is `other`.
// The set is bounded, so that a stream of registered and removed names cannot grow the metrics without end.
import { OTHER } from './metric-definitions.ts';

const NAMES_MAX = 1_000;

export class KnownNames {
  readonly #names = new Set<string>();

  add(name: string): void {
    if (this.#names.size < NAMES_MAX) this.#names.add(name);
  }

  remove(name: string): void {
    this.#names.delete(name);
  }

  get size(): number {
    return this.#names.size;
  }

  label(name: string): string {
    return this.#names.has(name) ? name : OTHER;
  }
}
