// A sandbox has come to rest: may it serve again? Most often one look says it, without any wait.
import type { Sandbox } from '../container/sandbox.ts';

/**
 * Why it has to end, null when it may serve again; a promise of it when something is left that the kernel may only count late.
 * @param halt ends the looking
 */
export function lookOver(
  sandbox: Sandbox,
  halt: AbortSignal,
  nowMs: () => number,
): string | null | Promise<string | null> {
  const { session } = sandbox;
  if (halt.aborted) return 'not needed any more';
  if (session === null) return 'used';
  return session.whyOver(nowMs()) ?? (session.look() === null ? null : lookAgain(session, halt, nowMs));
}

async function lookAgain(
  session: NonNullable<Sandbox['session']>,
  halt: AbortSignal,
  nowMs: () => number,
): Promise<string | null> {
  return (await session.lookAgain(halt)) ?? session.whyOver(nowMs());
}
