// Why sandboxes came and went, from the domain events: the pool tells nobody else why it did not use one again.
import type { DomainEvent } from '../../core/events.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { SandboxState } from '../../core/sandbox.ts';

const LOOK_MS = 20;
/** A sandbox is looked over in milliseconds, and ended in seconds. */
const SETTLED_MS = 60_000;

export interface Move {
  readonly to: SandboxState;
  readonly reason: string;
}

export class SandboxMoves {
  readonly #clock: Clock;
  readonly #last = new Map<string, Move>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly record = (event: DomainEvent): void => {
    if (event.kind !== 'sandboxMoved') return;
    // Why it is taken away is said when it stops.
    if (event.to !== 'gone' || event.from !== 'stopping')
      this.#last.set(event.sandboxId, { to: event.to, reason: event.reason });
  };

  /** What became of a sandbox after an invocation: it stands idle again, or it was ended. Null when that cannot be told in time. */
  async settled(sandboxId: string, signal: AbortSignal | null = null): Promise<Move | null> {
    const untilMs = this.#clock.monotonicMs() + SETTLED_MS;
    for (;;) {
      const last = this.#last.get(sandboxId);
      if (last !== undefined && last.to !== 'busy') return last;
      if (this.#clock.monotonicMs() >= untilMs) return null;
      await this.#clock.sleep(LOOK_MS, signal ?? undefined);
    }
  }
}
