// Whether all of some work ends within a time; the work itself goes on either way.
import type { Clock } from '../../core/ports/clock.ts';

/** @param signal cuts the time short; null: nothing does */
export async function settledWithin(
  clock: Clock,
  work: readonly Promise<unknown>[],
  durationMs: number,
  signal: AbortSignal | null,
): Promise<boolean> {
  const ended = Promise.all(work).then(() => true);
  const done = new AbortController();
  const over = signal === null ? done.signal : AbortSignal.any([done.signal, signal]);
  const late = clock.sleep(durationMs, over).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([ended, late]);
  } finally {
    done.abort();
  }
}
