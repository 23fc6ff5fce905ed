// Whether the kernel killed for memory, and whom. Three witnesses: the engine's `oom` event, the cgroup's counter, the container's OOMKilled
// flag. The flag is also set when only a child was killed, so it means `oom` only together with exit code 137 of the plugin itself.
import { within } from '../core/deadline.ts';
import type { SandboxContext } from './sandbox-context.ts';
import type { Trace } from './exchange.ts';
import type { Sandbox } from './sandbox.ts';

const KILLED = 137;
const LOOKS = 5;
const PAUSE_MS = 50;

export type MemoryVerdict = 'plugin' | 'child' | 'none';

export async function whoRanOutOfMemory(
  context: SandboxContext,
  sandbox: Sandbox,
  trace: Trace,
): Promise<MemoryVerdict> {
  const isSeen = (): boolean => sandbox.isOomReported || trace.usage.oomKills > 0;
  if (trace.cause !== 'ended' || trace.ending?.kind !== 'exited') return 'none';
  if (trace.ending.exitCode !== KILLED) return isSeen() ? 'child' : 'none';
  // The exit can be told before the memory event: look a few times before calling it a plain kill.
  for (let look = 0; look < LOOKS; look += 1) {
    if (isSeen() || (await isFlagged(context, sandbox))) return 'plugin';
    await context.clock.sleep(PAUSE_MS);
  }
  return 'none';
}

async function isFlagged(context: SandboxContext, sandbox: Sandbox): Promise<boolean> {
  const { clock, engine, settings } = context;
  try {
    const { containerId } = sandbox.live();
    const facts = await within(clock, settings.engineTimeoutMs, null, (signal) =>
      engine.inspectContainer(containerId, { signal }),
    );
    return facts?.isOomKilled ?? false;
  } catch {
    return false;
  }
}
