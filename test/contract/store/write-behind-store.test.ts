// Records that are held keep the same promises to whoever asks for them, over the fake and over a database. Here every run is held, and only
// readers make it be stored: how long it may wait is a matter of test/unit/adapters/write-behind.test.ts.
import { WriteBehindStore } from '../../../src/adapters/write-behind/write-behind-store.ts';
import type { EventSink } from '../../../src/core/ports/event-sink.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { testClock } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';
import { createSqliteStore } from '../../support/store/open-sqlite.ts';
import { storeContract } from './store-contract.ts';

function behind(store: Store, events: EventSink): WriteBehindStore {
  const times = { flushWithinMs: 600_000, storeTimeoutMs: 120_000 };
  const bounds = { heldBytesMax: 1024 ** 3, holds: () => true };
  return new WriteBehindStore({
    store,
    clock: testClock,
    events,
    logger: { log: () => undefined },
    ...times,
    ...bounds,
  });
}

storeContract('held records over the memory fake', (events) => behind(new MemoryStore(events), events), true);
storeContract('held records over sqlite', (events) => behind(createSqliteStore(':memory:', { events }), events), true);
