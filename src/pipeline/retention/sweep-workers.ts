// Removes the records of workers that died long ago: those that end in order take theirs away. Runs name workers by id only, and whoever counts
// the living has not counted these for a day. One that comes back after all puts its record anew with its next beat.
import type { Clock } from '../../core/ports/clock.ts';
import type { CallStore } from './trim-runs.ts';

/** Since the last beat. */
const KEEP_MS = 86_400_000;

export async function sweepWorkers(
  { clock, call }: { readonly clock: Clock; readonly call: CallStore },
  signal: AbortSignal,
): Promise<void> {
  const workers = await call(signal, (inner, store) => store.listWorkers({ signal: inner }));
  const beforeMs = clock.nowMs() - KEEP_MS;
  for (const { id, beatAtMs } of workers) {
    if (beatAtMs < beforeMs) await call(signal, (inner, store) => store.removeWorker(id, { signal: inner }));
  }
}
