// How long an invocation waits for its sandbox. Its timer is made when it is first asked for: one that finds a sandbox ready never waits.
import type { Clock, Deadline } from '../core/ports/clock.ts';
import type { InvocationStop } from './invocation-stop.ts';

export class Patience implements Disposable {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #stop: InvocationStop;
  #deadline: Deadline | null = null;
  #signal: AbortSignal | null = null;

  constructor(clock: Clock, waitMs: number, stop: InvocationStop) {
    this.#clock = clock;
    this.#waitMs = waitMs;
    this.#stop = stop;
  }

  /** Aborts when the time is up (counted from the first call) or the invocation is stopped. */
  get signal(): AbortSignal {
    if (this.#signal !== null) return this.#signal;
    this.#deadline = this.#clock.deadline(this.#waitMs);
    this.#signal = AbortSignal.any([this.#deadline.signal, this.#stop.signal]);
    return this.#signal;
  }

  /** True when the time was up. */
  get isOver(): boolean {
    return this.#deadline?.signal.aborted ?? false;
  }

  [Symbol.dispose](): void {
    this.#deadline?.[Symbol.dispose]();
  }
}
