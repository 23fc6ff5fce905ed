// SIGTERM and a while to come to an end. Who stays is killed by the caller.
// Surprise: a container that has just been started may get it twice. Its first process is Docker's init, to which the kernel passes no signal
// before it listens; measured with two cores oversubscribed tenfold, one in twenty that came right after the start was lost.
import { raced, within } from '../../core/deadline.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Sandbox } from './sandbox.ts';

/** Milliseconds after its start in which a container may be deaf. */
const YOUNG_MS = 2_000;
/** It is asked once more after a quarter of the grace, at most so many milliseconds. */
const AGAIN_MS = 2_000;

/** True when the sandbox has ended within that time, or had before. Never throws: an engine that does not answer is no end. */
export async function hasEndedPolitely(
  { clock, engine }: SandboxContext,
  sandbox: Sandbox,
  containerId: string,
  graceMs: number,
): Promise<boolean> {
  if (sandbox.ending !== null) return true;
  const isYoung = clock.monotonicMs() - sandbox.startedAtMs < YOUNG_MS;
  const ask = (signal: AbortSignal): Promise<boolean> => engine.killContainer(containerId, 'SIGTERM', { signal });
  try {
    await within(clock, graceMs, null, async (signal) => {
      await ask(signal);
      if (isYoung && !(await hasEndedWithin(clock, sandbox, Math.min(graceMs / 4, AGAIN_MS))))
        await ask(signal).catch(() => undefined);
      await raced(sandbox.ended, signal);
    });
    return true;
  } catch {
    return false;
  }
}

async function hasEndedWithin(
  clock: SandboxContext['clock'],
  { ended }: Sandbox,
  durationMs: number,
): Promise<boolean> {
  return await within(clock, durationMs, null, (signal) => raced(ended, signal)).then(
    () => true,
    () => false,
  );
}
