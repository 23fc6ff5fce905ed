// Slows the requests of one invocation down to so many per second. A bucket of one second's worth; who finds it empty waits for its turn.
import type { Clock } from '../../core/ports/clock.ts';

export class RequestPace {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#atMs = clock.monotonicMs();
  }

  /** @throws the signal's reason when it comes first */
  async turn(signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const gained = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#atMs = nowMs;
    this.#left = Math.min(this.#perSecond, this.#left + gained) - 1;
    if (this.#left < 0) await this.#clock.sleep((-this.#left / this.#perSecond) * 1000, signal);
  }
}
