// Whether the kernel killed for memory, and whom. Witnesses: the engine's `oom` event, the cgroup's counter, the container's OOMKilled flag,
// and, since all three can miss a container that is gone at once, the host's own counter at last. The flag is also set when only a child was
// killed, so it means `oom` only together with exit code 137 of the plugin itself.
import { within } from '../../core/deadline.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Trace } from './exchange.ts';
import type { Sandbox } from '../container/sandbox.ts';

const KILLED = 137;
const LOOKS = 20;
const PAUSE_MS = 50;

/** What is known of the end. */
type MemoryTrace = Pick<Trace, 'cause' | 'ending' | 'usage'>;

export type MemoryVerdict = 'plugin' | 'child' | 'none';

export async function whoRanOutOfMemory(
  context: SandboxContext,
  sandbox: Sandbox,
  trace: MemoryTrace,
): Promise<MemoryVerdict> {
  if (trace.cause !== 'ended' || trace.ending?.kind !== 'exited') return 'none';
  const isPlugin = trace.ending.exitCode === KILLED;
  const wasKilled = isPlugin
    ? await wasPluginKilled(context, sandbox, trace)
    : await wasChildKilled(context, sandbox, trace);
  if (!wasKilled) return 'none';
  return isPlugin ? 'plugin' : 'child';
}

/** The exit can be told before the memory event: looks a few times before calling it a plain kill. */
async function wasPluginKilled(context: SandboxContext, sandbox: Sandbox, trace: MemoryTrace): Promise<boolean> {
  const isUnseen = await trace.usage.hasHostKilledUnseen();
  for (let look = 0; look < LOOKS; look += 1) {
    if (isSeen(sandbox, trace) || (await isFlagged(context, sandbox))) return true;
    await context.clock.sleep(PAUSE_MS);
  }
  // Killed with the memory full is proof enough, and so is a kill for memory on this host while nobody saw this container's.
  return isUnseen || isNearLimit(sandbox, trace);
}

/** Asks the engine only when the memory was nearly used up: no call on the path of an ordinary invocation. */
async function wasChildKilled(context: SandboxContext, sandbox: Sandbox, trace: MemoryTrace): Promise<boolean> {
  if (isSeen(sandbox, trace)) return true;
  return isNearLimit(sandbox, trace) && (await isFlagged(context, sandbox));
}

function isNearLimit(sandbox: Sandbox, trace: MemoryTrace): boolean {
  return (trace.usage.memoryPeakBytes ?? 0) >= 0.9 * sandbox.version.plugin.limits.memoryBytes;
}

function isSeen(sandbox: Sandbox, trace: MemoryTrace): boolean {
  return sandbox.isOomReported || trace.usage.oomKills > 0;
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
