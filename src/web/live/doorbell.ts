// Wakes one waiting reader. Ringing before the wait counts, ringing twice counts once: the reader looks for itself what is new.
import type { Clock } from '../../core/ports/clock.ts';

export class Doorbell {
  #bell = new AbortController();

  ring(): void {
    this.#bell.abort();
  }

  /** True when it rang, false when `durationMs` passed without. @throws the signal's reason */
  async wait(clock: Clock, durationMs: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const bell = this.#bell.signal;
    try {
      if (!bell.aborted) await clock.sleep(durationMs, AbortSignal.any([bell, signal]));
    } catch {
      signal.throwIfAborted();
    }
    if (!bell.aborted) return false;
    this.#bell = new AbortController();
    return true;
  }
}
