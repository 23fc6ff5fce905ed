// Why a run in flight is to stop, as a signal whose reason is a `StopReason`. The first reason wins.
import type { CoarseDeadlines } from '../core/coarse-deadlines.ts';
import type { StopReason } from '../core/ports/invoker.ts';

export class RunStop implements Disposable {
  #controller: AbortController | null = null;
  #isRenewed = false;
  readonly #deadlines = new Map<StopReason, Disposable>();

  get signal(): AbortSignal {
    return this.#made().signal;
  }

  get reason(): StopReason | null {
    return this.#controller?.signal.aborted === true ? (this.#controller.signal.reason as StopReason) : null;
  }

  /**
   * What comes now has a time of its own and is not cancelled; only the program itself can stop it. That the program stops already, or may
   * not write the run any more, stays.
   */
  renew(): void {
    this.#isRenewed = true;
    this[Symbol.dispose]();
    if (this.reason !== 'draining' && this.reason !== 'lease_lost') this.#controller = null;
  }

  stop(reason: StopReason): void {
    if (this.#isRenewed && reason === 'cancelled') return;
    if (!this.signal.aborted) this.#made().abort(reason);
  }

  /** Stops with the reason after `durationMs`, at once when that is not positive, and not when it was said before for this reason. */
  stopAfter(deadlines: CoarseDeadlines, durationMs: number, reason: StopReason): void {
    this.#deadlines.get(reason)?.[Symbol.dispose]();
    if (durationMs <= 0) {
      this.stop(reason);
      return;
    }
    const onDue = (): void => {
      this.stop(reason);
    };
    this.#deadlines.set(reason, deadlines.after(durationMs, onDue));
  }

  [Symbol.dispose](): void {
    for (const deadline of this.#deadlines.values()) deadline[Symbol.dispose]();
    this.#deadlines.clear();
  }

  #made(): AbortController {
    this.#controller ??= new AbortController();
    return this.#controller;
  }
}
