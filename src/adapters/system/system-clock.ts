// The machine's clocks and timers behind the Clock port.
import type { Clock, Deadline } from '../../core/ports/clock.ts';

export class SystemClock implements Clock {
  nowMs(): number {
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
