// A plugin called as often as its retry policy says. Each attempt is an invocation of its own, and the time of the next one is stored before it
// is waited for: a restart neither shortens the wait nor forgets an attempt. A short wait is sat out here, with the lease and without a sandbox;
// a longer one is the hook's: it gives its run's worker and place away.
import { invokePlugin, type PluginCall, type PluginEnd } from './invoke-plugin.ts';
import type { RunScope } from '../run-scope.ts';

/** Waits up to this are sat out. */
export const IN_PLACE_MS = 2_000;

/** An end with `retryAtMs` is none: the hook is to be run again then. @throws LeaseLost, GantryError of the store or DEFECT */
export async function invokeWithRetries(scope: RunScope, call: PluginCall): Promise<PluginEnd> {
  const { clock } = scope.ports;
  for (;;) {
    const failed = scope.earlier.retried(call.hook, call.version.plugin.name, call.item?.index ?? null);
    if (failed !== null) {
      const waitMs = (failed.retryAtMs ?? 0) - clock.nowMs();
      if (waitMs > IN_PLACE_MS || !(await waited(scope, call, waitMs)))
        return { ...waiting(call, failed), retryAtMs: failed.retryAtMs };
    }
    const end = await invokePlugin(scope, call);
    if (end.retryAtMs === null) return end;
    scope.earlier.add(end.invocation, end.result);
    await scope.writes.commit();
  }
}

function waiting({ version }: PluginCall, invocation: PluginEnd['invocation']): Omit<PluginEnd, 'retryAtMs'> {
  const outcome = invocation.outcome ?? { code: 'lost', message: 'it had no outcome' };
  return { version, invocation, outcome, result: null, warnings: [], isDelivered: false };
}

/** False when the hook or the run was to stop before the time was over. */
async function waited({ ports }: RunScope, { stop }: PluginCall, waitMs: number): Promise<boolean> {
  if (waitMs <= 0) return true;
  if (stop.aborted) return false;
  try {
    await ports.clock.sleep(Math.ceil(waitMs), stop);
    return true;
  } catch {
    return false;
  }
}
