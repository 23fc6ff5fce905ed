// An event sink for tests that keeps everything.
import type { DomainEvent } from '../../../src/core/events.ts';
import type { EventSink } from '../../../src/core/ports/event-sink.ts';

export class EventList implements EventSink {
  readonly events: DomainEvent[] = [];

  emit(event: DomainEvent): void {
    this.events.push(event);
  }

  of<Kind extends DomainEvent['kind']>(kind: Kind): Extract<DomainEvent, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<DomainEvent, { kind: Kind }> => event.kind === kind);
  }
}
