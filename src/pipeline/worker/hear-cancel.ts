// A cancel request that another process stored reaches the run at the next look.
import type { RunExecution } from '../execute-run.ts';
import { tryOnce } from '../records/persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

export async function hearCancel(
  { lease, stop }: Pick<RunExecution, 'lease' | 'stop'>,
  ports: RunPorts,
  settings: RunSettings,
): Promise<void> {
  try {
    const stored = await tryOnce({ ...ports, ...settings }, 'findRun', (options) =>
      ports.store.findRun(lease.run.id, options),
    );
    if (stored !== null && stored.cancelRequestedAtMs !== null) stop.stop('cancelled');
  } catch {
    // The store is away: the run's own writes and the heartbeat deal with that.
  }
}
