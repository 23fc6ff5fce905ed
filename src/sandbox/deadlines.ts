// The deadlines of all who wait, by one timer: hundreds wait at once under load, and nearly all are served long before. The timer is made for
// the earliest; one that is too early only looks again.
import type { Clock } from '../core/ports/clock.ts';

export class Deadlines {
  readonly #clock: Clock;
  /** when each is due, on the monotonic clock */
  readonly #due = new Map<() => void, number>();
  #timer: AbortController | null = null;
  #armedAtMs = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param onDue called once, unless it is deleted before */
  add(onDue: () => void, atMs: number): void {
    this.#due.set(onDue, atMs);
    if (atMs < this.#armedAtMs) this.#arm(atMs);
  }

  delete(onDue: () => void): void {
    this.#due.delete(onDue);
    if (this.#due.size === 0) this.#disarm();
  }

  #arm(atMs: number): void {
    this.#disarm();
    const timer = new AbortController();
    this.#timer = timer;
    this.#armedAtMs = atMs;
    this.#clock.sleep(Math.max(0, atMs - this.#clock.monotonicMs()), timer.signal).then(
      () => {
        if (this.#timer === timer) this.#look();
      },
      () => undefined,
    );
  }

  #disarm(): void {
    this.#timer?.abort();
    this.#timer = null;
    this.#armedAtMs = Infinity;
  }

  #look(): void {
    this.#disarm();
    const nowMs = this.#clock.monotonicMs();
    const over = [...this.#due].filter(([, atMs]) => atMs <= nowMs);
    for (const [onDue] of over) this.#due.delete(onDue);
    for (const [onDue] of over) onDue();
    const nextMs = Math.min(...this.#due.values());
    if (nextMs < this.#armedAtMs) this.#arm(nextMs);
  }
}
