// Ends a sandbox for good: let go of the stream, kill if it still runs, remove the container and its pipes. Never throws: what cannot be removed now
// carries our labels and is found by the reaper.
import { raced, within } from '../../core/deadline.ts';
import { messageOf } from '../../core/errors/gantry-error.ts';
import { failpoint } from '../../core/failpoints.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Ending, Sandbox } from './sandbox.ts';

/** @param onEnded called once the container is known to be dead or given up: its CPU and memory are free again */
export async function dismissSandbox(
  context: SandboxContext,
  sandbox: Sandbox,
  reason: string,
  onEnded: () => void,
): Promise<void> {
  sandbox.move('stopping', reason);
  const { containerId, session } = sandbox;
  // Only one that stands idle can be asked; it has the grace for what it wants to put away.
  await session?.link.close(context.settings.graceMs);
  session?.[Symbol.dispose]();
  // First the stream: the engine answers a kill only when all output is delivered, and nobody reads that of an idle sandbox.
  sandbox.attachment?.[Symbol.dispose]();
  if (sandbox.state === 'stopping' && containerId !== null && sandbox.ending === null)
    await killSandbox(context, sandbox, containerId);
  onEnded();
  if (containerId !== null) await remove(context, sandbox, containerId);
  await sandbox.pipes?.[Symbol.asyncDispose]();
  sandbox.move('gone', reason);
}

/** SIGKILL, then waits for the end as long as one engine call may take. Null when it is not known to have ended. */
export async function killSandbox(
  context: SandboxContext,
  sandbox: Sandbox,
  containerId: string,
): Promise<Ending | null> {
  const { clock, engine, settings } = context;
  try {
    return await within(clock, settings.engineTimeoutMs, null, async (signal) => {
      const wasRunning = await engine.killContainer(containerId, 'SIGKILL', { signal });
      // Never started, or ended before the engine could be asked for its exit: nothing will be reported.
      if (!wasRunning && sandbox.state === 'stopping') return sandbox.ending;
      return await raced(sandbox.ended, signal);
    });
  } catch (error) {
    report(context, sandbox, 'a sandbox could not be killed', error);
    return sandbox.ending;
  }
}

async function remove(context: SandboxContext, sandbox: Sandbox, containerId: string): Promise<void> {
  try {
    failpoint('removal-due');
    await within(context.clock, context.settings.engineTimeoutMs, null, (signal) =>
      context.engine.removeContainer(containerId, { signal }),
    );
  } catch (error) {
    report(context, sandbox, 'a sandbox could not be removed; the reaper will try again', error);
  }
}

/** No warning for each sandbox of an engine that is known to be gone. */
function report(context: SandboxContext, sandbox: Sandbox, message: string, error: unknown): void {
  const level = context.engine.isConnected() ? 'warn' : 'debug';
  context.logger.log(level, message, { sandbox: sandbox.id, error: messageOf(error) });
}
