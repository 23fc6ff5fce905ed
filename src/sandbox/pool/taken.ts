// A sandbox that an invocation has, and how it was had.
import type { Cleanliness, SandboxKind } from '../../core/invocation.ts';
import type { Sandbox } from '../container/sandbox.ts';

export interface Taken {
  readonly sandbox: Sandbox;
  readonly kind: SandboxKind;
  readonly cleanliness: Cleanliness;
  /** others are at work in it: its CPU was had already */
  readonly isJoined: boolean;
}

/** How a sandbox is had that stands idle, before it is taken. */
export function idleTaken(sandbox: Sandbox): Taken {
  const { kind, cleanliness } = sandbox.session ?? { kind: 'prestarted', cleanliness: 'fresh' };
  return { sandbox, kind, cleanliness, isJoined: false };
}

/** Of one that joins others nothing can be known: what they use cannot be told from what they will leave. */
export function joined(sandbox: Sandbox): Taken {
  return { sandbox, kind: 'warm', cleanliness: 'reused-unverified', isJoined: true };
}
