// How long to leave a plugin alone after it failed to start: 1 s, doubling to 60 s, each cut by up to a fifth at random so that many
// plugins do not come back at one instant.
import type { IdSource } from '../../core/ports/id-source.ts';
import { randomPart } from '../jitter.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

export class Backoff<Reason> {
  readonly #ids: IdSource;
  #failures = 0;
  #untilMs = 0;
  #reason: Reason | null = null;

  constructor(ids: IdSource) {
    this.#ids = ids;
  }

  /** When it may be tried again. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Why it is left alone at this time; null when it may be tried. `nowMs` is of the monotonic clock. */
  reasonAt(nowMs: number): Reason | null {
    return nowMs < this.#untilMs ? this.#reason : null;
  }

  fail(nowMs: number, reason: Reason): void {
    const longMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures = Math.min(16, this.#failures + 1);
    this.#untilMs = nowMs + longMs * (1 - 0.2 * randomPart(this.#ids));
    this.#reason = reason;
  }

  succeed(): void {
    this.#failures = 0;
    this.#untilMs = 0;
    this.#reason = null;
  }
}
