// Hands every domain event to every listener, in the order of emitting. In the program the listeners hear a moment later, a few events in each
// turn of the event loop: an invocation is not kept waiting by metrics and log. A listener that throws is logged and the others still hear:
// emitting never fails.
import type { DomainEvent } from '../core/events.ts';
import { messageOf } from '../core/errors/gantry-error.ts';
import type { EventSink } from '../core/ports/event-sink.ts';
import type { Logger } from '../core/ports/logger.ts';

export type EventListener = (event: DomainEvent) => void;

/** Calls back once, in a later turn. */
type Later = (work: () => void) => unknown;

/** When listeners hear. */
export interface Pace {
  /** of what is emitted when nothing is held */
  readonly begin: Later;
  /** of what a turn left */
  readonly goOn: Later;
}

const MOMENT_MS = 1;

/** Of the program: what many short runs emit in a moment is heard together, in between of them. */
export const PACE: Pace = { begin: (work) => setTimeout(work, MOMENT_MS), goOn: setImmediate };

/** Events of one turn: some 2 µs each. */
const SLICE_EVENTS = 50;

/** Above it the emitter waits for the listeners after all: memory stays bounded in a turn that does not end. */
const HELD_MAX = 10_000;

export class EventBus implements EventSink, Disposable {
  readonly #logger: Logger;
  readonly #listeners = new Set<EventListener>();
  #pace: Pace | null;
  #held: DomainEvent[] = [];
  /** how many of those that are held were told already */
  #told = 0;
  #isTimed = false;

  /** @param pace when listeners hear; without it, before `emit` returns */
  constructor(logger: Logger, pace: Pace | null = null) {
    this.#logger = logger;
    this.#pace = pace;
  }

  /** The same function joins once only. Who leaves has heard everything that was emitted before. */
  subscribe(listener: EventListener): Disposable {
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        this.#deliver();
        this.#listeners.delete(listener);
      },
    };
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  emit(event: DomainEvent): void {
    this.#held.push(event);
    if (this.#pace === null || this.#held.length - this.#told >= HELD_MAX) this.#deliver();
    else if (!this.#isTimed) {
      this.#isTimed = true;
      this.#pace.begin(this.#onTurn);
    }
  }

  /** From now on listeners hear at once. */
  [Symbol.dispose](): void {
    this.#pace = null;
    this.#deliver();
  }

  readonly #onTurn = (): void => {
    this.#deliver(SLICE_EVENTS);
    this.#isTimed = this.#held.length > 0;
    if (this.#isTimed) this.#pace?.goOn(this.#onTurn);
  };

  /** What a listener emits is heard after what was emitted before it. */
  #deliver(atMost = Infinity): void {
    for (let left = atMost; left > 0; left -= 1) {
      const event = this.#held[this.#told];
      if (event === undefined) break;
      this.#told += 1;
      this.#tell(event);
    }
    if (this.#told < this.#held.length) return;
    this.#held = [];
    this.#told = 0;
  }

  #tell(event: DomainEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#report(event, error);
      }
    }
  }

  #report(event: DomainEvent, error: unknown): void {
    try {
      this.#logger.log('error', 'a listener of domain events failed', { kind: event.kind, reason: messageOf(error) });
    } catch {
      // The log itself is broken; nothing is left to tell it to.
    }
  }
}
