// How long the engine is away, kept from events: what readiness says while it is, and what the metrics count. Outages count only once the engine
// was there or found missing; a program that does without one has none.
import type { DomainEvent } from '../core/events.ts';
import type { Clock } from '../core/ports/clock.ts';

export interface Outage {
  readonly message: string;
  readonly forMs: number;
}

export class EngineOutage {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #lost: { readonly atMs: number; readonly message: string } | null = null;
  /** of outages that are over */
  #overMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** An `EventListener`. */
  readonly record = (event: DomainEvent): void => {
    if (event.kind === 'engineLost') this.#lost ??= { atMs: this.#clock.monotonicMs(), message: event.message };
    if (event.kind !== 'engineFound') return;
    this.#overMs = this.totalMs;
    this.#lost = null;
  };

  /** Null while the engine stands. */
  get current(): Outage | null {
    if (this.#lost === null) return null;
    return { message: this.#lost.message, forMs: this.#clock.monotonicMs() - this.#lost.atMs };
  }

  /** Of all outages, the one that lasts included. */
  get totalMs(): number {
    return this.#overMs + (this.current?.forMs ?? 0);
  }
}
