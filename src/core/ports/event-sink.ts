// Where domain events go. Emitting never throws, never waits and never fails the work that emits.
import type { DomainEvent } from '../events.ts';

export interface EventSink {
  emit(event: DomainEvent): void;
}
