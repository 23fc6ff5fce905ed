// One container prepared for one plugin version.
//   creating → starting → idle → busy → stopping → gone      (every state may go to stopping; creating may fail straight to gone)
// I-7: a sandbox serves one invocation at a time, or as many as it has places; `busy` is one with at least one. Each transition emits one event and moves one gauge.
import type { SandboxId } from './ids.ts';

export const SANDBOX_STATES = ['creating', 'starting', 'idle', 'busy', 'stopping', 'gone'] as const;
export type SandboxState = (typeof SANDBOX_STATES)[number];

export const SANDBOX_TRANSITIONS = {
  creating: ['starting', 'stopping', 'gone'],
  starting: ['idle', 'stopping'],
  idle: ['busy', 'stopping'],
  busy: ['idle', 'stopping'],
  stopping: ['gone'],
  gone: [],
} as const satisfies Record<SandboxState, readonly SandboxState[]>;

/** How the bytes of a session travel: the engine's stream, or named pipes that the sandbox and this program share. */
export const TRANSPORTS = ['attach', 'fifo'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** What the panel and the log say of a sandbox. */
export interface SandboxRecord {
  readonly id: SandboxId;
  readonly pluginVersion: string;
  readonly state: SandboxState;
  readonly containerId: string | null;
  readonly transport: Transport;
}

export function mayMoveSandbox(from: SandboxState, to: SandboxState): boolean {
  return (SANDBOX_TRANSITIONS[from] as readonly SandboxState[]).includes(to);
}
