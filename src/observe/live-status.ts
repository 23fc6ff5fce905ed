// How many sandboxes stand in which state, how much of the capacity they hold, and which plugins are left alone: kept from events for the
// panel and the API.
import type { DomainEvent } from '../core/events.ts';
import type { BrakeState } from '../core/pressure.ts';
import { SANDBOX_STATES, type SandboxState } from '../core/sandbox.ts';

/** A plugin version that is left alone because it kept crashing. */
export interface QuarantinedState {
  /** id of the version */
  readonly version: string;
  readonly cause: string;
  /** when a probe may be made (wall clock) */
  readonly untilMs: number;
}

/** How hard the host is pressed: shares of time; null where it cannot be read. */
export interface PressureState {
  /** of the brake on starts */
  readonly state: BrakeState;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly io: number | null;
}

type LiveState = Exclude<SandboxState, 'gone'>;

export interface LiveStatusState {
  readonly sandboxes: Readonly<Record<LiveState, number>>;
  readonly capacity: { readonly cpu: number | null; readonly memory: number | null };
  readonly quarantined: readonly QuarantinedState[];
  /** null before the first reading, and where the pressure is not looked at */
  readonly pressure: PressureState | null;
}

export class LiveStatus {
  readonly #sandboxes: Record<SandboxState, number>;
  readonly #capacity: { cpu: number | null; memory: number | null } = { cpu: null, memory: null };
  readonly #quarantined = new Map<string, QuarantinedState>();

  #pressure: PressureState | null = null;

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
    } else if (event.kind === 'quarantineMoved') {
      this.#quarantine(event);
    } else if (event.kind === 'pressureMeasured') {
      const { state, cpu, memory, io } = event;
      this.#pressure = { state, cpu, memory, io };
    }
  };

  #quarantine({ version, to, cause, untilMs }: Extract<DomainEvent, { readonly kind: 'quarantineMoved' }>): void {
    if (to === 'open') this.#quarantined.set(version, { version, cause, untilMs: untilMs ?? 0 });
    if (to === 'closed') this.#quarantined.delete(version);
  }

  status(): LiveStatusState {
    const { creating, starting, idle, busy, stopping } = this.#sandboxes;
    return {
      sandboxes: { creating, starting, idle, busy, stopping },
      capacity: { ...this.#capacity },
      quarantined: [...this.#quarantined.values()],
      pressure: this.#pressure,
    };
  }
}
