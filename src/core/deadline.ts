// Every wait has an end (I-11): joins a signal with a deadline, and races work that cannot be cancelled against a signal.
import type { Clock, Deadline } from './ports/clock.ts';

/** Runs the work with a signal that aborts at the outer signal or after `durationMs`; frees its timer. */
export async function within<T>(
  clock: Clock,
  durationMs: number,
  outer: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = outer === null ? clock.deadline(durationMs) : deadlineWithin(clock, durationMs, outer);
  return await work(deadline.signal);
}

/**
 * A deadline whose signal aborts at the outer signal, too, until it is disposed of. Joined by hand: `AbortSignal.any` makes weak references
 * and a finalizer, which cost more than what is mostly waited for.
 */
export function deadlineWithin(clock: Clock, durationMs: number, outer: AbortSignal): Deadline {
  const both = new AbortController();
  const own = clock.deadline(durationMs);
  const onOuter = (): void => {
    both.abort(outer.reason);
  };
  const onOwn = (): void => {
    both.abort(own.signal.reason);
  };
  if (outer.aborted) onOuter();
  else outer.addEventListener('abort', onOuter, { once: true });
  own.signal.addEventListener('abort', onOwn, { once: true });
  return {
    signal: both.signal,
    [Symbol.dispose]: () => {
      own[Symbol.dispose]();
      outer.removeEventListener('abort', onOuter);
    },
  };
}

/** Settles as the work does, or rejects with the signal's reason when that comes first (the work's late end is dropped). */
export async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    throw signal.reason;
  }
  const first = Promise.withResolvers<T>();
  const onAbort = (): void => {
    first.reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  work.then(first.resolve, first.reject);
  try {
    return await first.promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
