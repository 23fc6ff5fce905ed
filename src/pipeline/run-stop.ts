// Why a run in flight is to stop, as a signal whose reason is a `StopReason`. The first reason wins.
import type { Clock, Deadline } from '../core/ports/clock.ts';
import type { StopReason } from '../core/ports/invoker.ts';

export class RunStop implements Disposable {
  #controller: AbortController | null = null;
  readonly #deadlines: Deadline[] = [];

  get signal(): AbortSignal {
    return this.#made().signal;
  }

  get reason(): StopReason | null {
    return this.#controller?.signal.aborted === true ? (this.#controller.signal.reason as StopReason) : null;
  }

  stop(reason: StopReason): void {
    if (!this.signal.aborted) this.#made().abort(reason);
  }

  /** Stops with the reason after `durationMs`, at once when that is not positive. */
  stopAfter(clock: Clock, durationMs: number, reason: StopReason): void {
    if (durationMs <= 0) {
      this.stop(reason);
      return;
    }
    const deadline = clock.deadline(durationMs);
    this.#deadlines.push(deadline);
    deadline.signal.addEventListener(
      'abort',
      () => {
        this.stop(reason);
      },
      { once: true },
    );
  }

  [Symbol.dispose](): void {
    for (const deadline of this.#deadlines.splice(0)) deadline[Symbol.dispose]();
  }

  #made(): AbortController {
    this.#controller ??= new AbortController();
    return this.#controller;
  }
}
