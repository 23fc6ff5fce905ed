// What another process wrote to a run that is at work here reaches it at the next look: a cancel request, or what was decided about a hook.
import type { RunExecution } from '../execute-run.ts';
import { tryOnce } from '../records/persist.ts';
import type { RunPorts, RunSettings } from '../run-ports.ts';

export async function hearOthers(
  { lease, stop }: Pick<RunExecution, 'lease' | 'stop'>,
  ports: RunPorts,
  settings: RunSettings,
): Promise<void> {
  try {
    const stored = await tryOnce({ ...ports, ...settings }, 'findRun', (options) =>
      ports.store.findRun(lease.run.id, options),
    );
    if (stored === null) return;
    lease.hear(stored);
    if (stored.cancelRequestedAtMs !== null) stop.stop('cancelled');
  } catch {
    // The store is away: the run's own writes and the heartbeat deal with that.
  }
}
