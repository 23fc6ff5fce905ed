// SIGTERM and a while to come to an end. Who stays is killed by the caller.
import { raced, within } from '../../core/deadline.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Sandbox } from './sandbox.ts';

/** True when the sandbox has ended within that time, or had before. Never throws: an engine that does not answer is no end. */
export async function hasEndedPolitely(
  { clock, engine }: SandboxContext,
  sandbox: Sandbox,
  containerId: string,
  graceMs: number,
): Promise<boolean> {
  if (sandbox.ending !== null) return true;
  try {
    await within(clock, graceMs, null, async (signal) => {
      await engine.killContainer(containerId, 'SIGTERM', { signal });
      await raced(sandbox.ended, signal);
    });
    return true;
  } catch {
    return false;
  }
}
