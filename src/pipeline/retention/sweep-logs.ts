// Removes log lines that are older than those of any pipeline stay, the oldest first; also those of no run.
import type { Clock } from '../../core/ports/clock.ts';
import type { OldLogsQuery, OldLogsRemoval } from '../../core/ports/retention.ts';
import { DRY_RUN_MAX, type SweepTally } from './sweep-tally.ts';
import type { CallStore } from './trim-runs.ts';

const BATCH_LINES = 500;
/** In which others write. */
const PAUSE_MS = 10;

export async function sweepLogs(
  { clock, call }: { readonly clock: Clock; readonly call: CallStore },
  logsForMs: number,
  tally: SweepTally,
  signal: AbortSignal,
): Promise<void> {
  const beforeMs = clock.nowMs() - logsForMs;
  const { isDryRun } = tally;
  let afterSeq: number | null = 0;
  while (afterSeq !== null) {
    const query: OldLogsQuery = { beforeMs, afterSeq, limit: BATCH_LINES, isDryRun };
    const { removed, next }: OldLogsRemoval = await call(signal, (inner, { retention }) =>
      retention.removeLogs(query, { signal: inner }),
    );
    const total = tally.addLines(removed);
    if (next !== null && isDryRun && total >= DRY_RUN_MAX) {
      tally.cut();
      return;
    }
    afterSeq = next;
    if (next !== null) await clock.sleep(PAUSE_MS, signal);
  }
}
