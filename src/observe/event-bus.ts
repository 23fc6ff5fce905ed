// Hands every domain event to every listener, in the order of emitting. In the program the listeners hear a turn of the event loop later: an
// invocation is not kept waiting by metrics and log. A listener that throws is logged and the others still hear: emitting never fails.
import type { DomainEvent } from '../core/events.ts';
import { messageOf } from '../core/errors/gantry-error.ts';
import type { EventSink } from '../core/ports/event-sink.ts';
import type { Logger } from '../core/ports/logger.ts';

export type EventListener = (event: DomainEvent) => void;

/** Calls back once, in a later turn. */
export type Later = (work: () => void) => unknown;

/** Above it the emitter waits for the listeners after all: memory stays bounded in a turn that does not end. */
const HELD_MAX = 10_000;

export class EventBus implements EventSink, Disposable {
  readonly #logger: Logger;
  readonly #listeners = new Set<EventListener>();
  #later: Later | null;
  #held: DomainEvent[] = [];

  /** @param later when listeners hear; without it, before `emit` returns */
  constructor(logger: Logger, later: Later | null = null) {
    this.#logger = logger;
    this.#later = later;
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
    if (this.#later === null || this.#held.length >= HELD_MAX) this.#deliver();
    else if (this.#held.length === 1) this.#later(this.#deliver);
  }

  /** From now on listeners hear at once. */
  [Symbol.dispose](): void {
    this.#later = null;
    this.#deliver();
  }

  /** What a listener emits is heard after what was emitted before it. */
  readonly #deliver = (): void => {
    const events = this.#held;
    if (events.length === 0) return;
    this.#held = [];
    for (const event of events) this.#tell(event);
  };

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
