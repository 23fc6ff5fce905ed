// What a pool shares with all other pools of the worker.
import type { Gate } from './gate.ts';
import type { PressureBrake } from './pressure-brake.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Sandbox } from '../container/sandbox.ts';
import type { Slots } from '../container/slots.ts';
import type { Tokens } from './tokens.ts';

export interface PoolParts {
  readonly context: SandboxContext;
  readonly gate: Gate;
  readonly brake: Pick<PressureBrake, 'state'>;
  readonly memory: Tokens;
  readonly slots: Slots;
  /** every sandbox that is not gone, of all pools */
  readonly all: Set<Sandbox>;
  /** stops idle sandboxes of any pool until those who wait for memory will have it */
  readonly makeRoom: () => void;
}
