// What the parts of the contract suite share: one opened store and the events that it emitted.
import type { DomainEvent } from '../../../src/core/events.ts';
import type { Store } from '../../../src/core/ports/store.ts';

/** The opened store and what it emitted so far. */
export interface StoreUnderTest {
  /** true for a store that may answer from memory: then no deadline is looked at and no operation is told */
  readonly isHeld: boolean;
  store(): Store;
  events(): readonly DomainEvent[];
}
