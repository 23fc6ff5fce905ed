// The deadlines of many runs, or of all who wait for a sandbox, by one timer: nearly all of them are taken back long before they are due, and a timer and an abort signal for each
// cost more than that. The timer stands for the earliest deadline there was; one that is too early only looks again.
import type { Clock, Deadline } from './ports/clock.ts';

/** What a timer of the system can wait for. */
const TIMER_MAX_MS = 2 ** 31 - 1;

interface Due {
  /** monotonic milliseconds */
  readonly atMs: number;
  readonly onDue: () => void;
}

export class CoarseDeadlines implements Disposable {
  readonly #clock: Clock;
  readonly #waiting = new Set<Due>();
  #timer: Deadline | null = null;
  #armedAtMs = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param onDue called once after `durationMs`, unless the result is disposed of before */
  after(durationMs: number, onDue: () => void): Disposable {
    const due = { atMs: this.#clock.monotonicMs() + durationMs, onDue };
    this.#waiting.add(due);
    if (due.atMs < this.#armedAtMs) this.#arm(due.atMs);
    return {
      [Symbol.dispose]: () => {
        this.#waiting.delete(due);
      },
    };
  }

  /** Nothing that waits will be due any more. */
  [Symbol.dispose](): void {
    this.#waiting.clear();
    this.#disarm();
  }

  #arm(atMs: number): void {
    this.#disarm();
    const leftMs = Math.ceil(atMs - this.#clock.monotonicMs());
    const timer = this.#clock.deadline(Math.min(Math.max(leftMs, 1), TIMER_MAX_MS));
    timer.signal.addEventListener('abort', this.#look, { once: true });
    this.#timer = timer;
    this.#armedAtMs = atMs;
  }

  #disarm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    this.#armedAtMs = Infinity;
  }

  readonly #look = (): void => {
    this.#disarm();
    const nowMs = this.#clock.monotonicMs();
    const over = [...this.#waiting].filter(({ atMs }) => atMs <= nowMs);
    for (const due of over) this.#waiting.delete(due);
    for (const due of over) due.onDue();
    let nextMs = Infinity;
    for (const { atMs } of this.#waiting) nextMs = Math.min(nextMs, atMs);
    if (nextMs < this.#armedAtMs) this.#arm(nextMs);
  };
}
