// Every wait has an end (I-11): joins a signal with a deadline, and races work that cannot be cancelled against a signal.
import type { Clock } from './ports/clock.ts';

/** Runs the work with a signal that aborts at the outer signal or after `durationMs`; frees its timer. */
export async function within<T>(
  clock: Clock,
  durationMs: number,
  outer: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = clock.deadline(durationMs);
  const signal = outer === null ? deadline.signal : AbortSignal.any([outer, deadline.signal]);
  return await work(signal);
}

/** Settles as the work does, or rejects with the signal's reason when that comes first (the work's late end is dropped). */
export async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    throw signal.reason;
  }
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
