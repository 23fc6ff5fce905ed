// The machine's clocks and timers behind the Clock port.
import { uptime } from 'node:os';
import type { Clock, Deadline } from '../../core/ports/clock.ts';
import { SteadyTime } from './steady-time.ts';

export class SystemClock implements Clock {
  readonly #steady = new SteadyTime({
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    uptimeMs: () => uptime() * 1_000,
  });

  nowMs(): number {
    return this.#steady.nowMs();
  }

  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const slept = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      slept.resolve(undefined);
    }, durationMs);
    const onAbort = (): void => {
      slept.reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await slept.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  deadline(durationMs: number): Deadline {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      controller.abort(new DOMException(`no end within ${String(durationMs)} ms`, 'TimeoutError'));
    }, durationMs);
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        clearTimeout(timer);
      },
    };
  }
}
