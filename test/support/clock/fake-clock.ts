// Time that moves only when a test says so. `advance` fires what is due in order of time and lets promise chains run in between.
import type { Clock, Deadline } from '../../../src/core/ports/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Number of timers that wait: a test can see leaks. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const slept = Promise.withResolvers<undefined>();
    const timer: Timer = {
      atMs: this.#nowMs + durationMs,
      fire: () => {
        slept.resolve(undefined);
      },
    };
    this.#timers.add(timer);
    const onAbort = (): void => {
      slept.reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await slept.promise;
    } finally {
      this.#timers.delete(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  deadline(durationMs: number): Deadline {
    const controller = new AbortController();
    const timer: Timer = {
      atMs: this.#nowMs + durationMs,
      fire: () => {
        controller.abort(new DOMException(`no end within ${String(durationMs)} ms`, 'TimeoutError'));
      },
    };
    this.#timers.add(timer);
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        this.#timers.delete(timer);
      },
    };
  }

  /** Moves time on, firing due timers in order; promise chains run between them. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settleChains();
    for (let next = this.#nextDue(endMs); next !== null; next = this.#nextDue(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#timers.delete(next);
      next.fire();
      await settleChains();
    }
    this.#nowMs = endMs;
    await settleChains();
  }

  #nextDue(endMs: number): Timer | null {
    let due: Timer | null = null;
    for (const timer of this.#timers) if (timer.atMs <= endMs && (due === null || timer.atMs < due.atMs)) due = timer;
    return due;
  }
}

/** Lets everything that waits on settled promises run. */
export async function settleChains(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
