// How many sandboxes stand in which state and how much of the capacity they hold, kept from events for the panel.
import type { DomainEvent } from '../core/events.ts';
import { SANDBOX_STATES, type SandboxState } from '../core/sandbox.ts';

type LiveState = Exclude<SandboxState, 'gone'>;

export interface LiveStatusState {
  readonly sandboxes: Readonly<Record<LiveState, number>>;
  readonly capacity: { readonly cpu: number | null; readonly memory: number | null };
}

export class LiveStatus {
  readonly #sandboxes: Record<SandboxState, number>;
  readonly #capacity: { cpu: number | null; memory: number | null } = { cpu: null, memory: null };

  constructor() {
    this.#sandboxes = Object.fromEntries(SANDBOX_STATES.map((state) => [state, 0])) as Record<SandboxState, number>;
  }

  /** An `EventListener`. */
  readonly record = (event: DomainEvent): void => {
    if (event.kind === 'sandboxMoved') {
      if (event.from !== null) this.#sandboxes[event.from] = Math.max(0, this.#sandboxes[event.from] - 1);
      this.#sandboxes[event.to] += 1;
    } else if (event.kind === 'capacityChanged') {
      this.#capacity[event.resource] = event.usedRatio;
    }
  };

  status(): LiveStatusState {
    const { creating, starting, idle, busy, stopping } = this.#sandboxes;
    return { sandboxes: { creating, starting, idle, busy, stopping }, capacity: { ...this.#capacity } };
  }
}
