// How long an invocation waits for its sandbox. Made by hand, with one timer for all who wait: an abort signal of its own, one joined of others
// and a timer cost as much as the rest of a warm invocation, and under load every invocation waits.
import type { CoarseDeadlines } from '../../core/coarse-deadlines.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { InvocationStop } from '../invocation-stop.ts';

/** As much of an abort signal as waiting in a line takes. */
export interface WaitSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Stands in one line at a time: it has one listener. */
export class Patience implements WaitSignal, Disposable {
  readonly #clock: Clock;
  readonly #deadlines: CoarseDeadlines;
  readonly #waitMs: number;
  readonly #stop: InvocationStop;
  #dueAtMs: number | null = null;
  #isOver = false;
  #listener: (() => void) | null = null;
  #deadline: Disposable | null = null;

  constructor(clock: Clock, deadlines: CoarseDeadlines, waitMs: number, stop: InvocationStop) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#waitMs = waitMs;
    this.#stop = stop;
  }

  /** True when the time was up; it counts from the first wait. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get aborted(): boolean {
    return this.#isOver || this.#stop.reason !== null;
  }

  get reason(): unknown {
    return this.#stop.reason ?? (this.#isOver ? new DOMException('no sandbox came free', 'TimeoutError') : undefined);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#dueAtMs ??= this.#clock.monotonicMs() + this.#waitMs;
    this.#listener = listener;
    this.#stop.listen(this.#tell);
    this.#endWait();
    this.#deadline = this.#deadlines.after(this.#dueAtMs - this.#clock.monotonicMs(), this.#onDue);
  }

  /** Whoever listens for the stop afterwards takes its place there. */
  removeEventListener(): void {
    this.#listener = null;
    this.#endWait();
  }

  [Symbol.dispose](): void {
    this.removeEventListener();
  }

  #endWait(): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = null;
  }

  readonly #onDue = (): void => {
    this.#isOver = true;
    this.#tell();
  };

  readonly #tell = (): void => {
    const listener = this.#listener;
    this.#listener = null;
    listener?.();
  };
}
