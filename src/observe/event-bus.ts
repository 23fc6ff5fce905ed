// Hands every domain event to every listener. A listener that throws is logged and the others still hear: emitting never fails the work
// that emits. Listeners run at once, in the order of joining; a slow one belongs behind a queue of its own.
import type { DomainEvent } from '../core/events.ts';
import { messageOf } from '../core/errors/gantry-error.ts';
import type { EventSink } from '../core/ports/event-sink.ts';
import type { Logger } from '../core/ports/logger.ts';

export type EventListener = (event: DomainEvent) => void;

export class EventBus implements EventSink {
  readonly #logger: Logger;
  readonly #listeners = new Set<EventListener>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The same function joins once only. */
  subscribe(listener: EventListener): Disposable {
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
      },
    };
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  emit(event: DomainEvent): void {
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
