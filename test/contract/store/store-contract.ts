// What every store must keep, adapter and fake alike: the promises of src/core/ports/store.ts as tests.
// One store serves the whole suite; each test uses names and ids of its own.
import { afterAll, beforeAll, describe } from 'vitest';
import type { DomainEvent } from '../../../src/core/events.ts';
import type { EventSink } from '../../../src/core/ports/event-sink.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { patient } from '../../support/store/build-records.ts';
import { catalogContract } from './catalog-contract.ts';
import { chainContract } from './chain-contract.ts';
import { historyContract } from './history-contract.ts';
import { placeContract } from './place-contract.ts';
import { retentionContract } from './retention-contract.ts';
import { queueContract } from './queue-contract.ts';
import { runContract } from './run-contract.ts';
import { scheduleContract } from './schedule-contract.ts';
import { stateContract } from './state-contract.ts';
import type { StoreUnderTest } from './store-under-test.ts';

/**
 * Declares the suite.
 * @param create makes a store that is not open yet, over an empty database
 * @param isHeld see StoreUnderTest
 */
export function storeContract(
  title: string,
  create: (events: EventSink) => Promise<Store> | Store,
  isHeld = false,
): void {
  describe(title, () => {
    let opened: Store | null = null;
    const emitted: DomainEvent[] = [];
    const subject: StoreUnderTest = {
      isHeld,
      store: () => {
        if (opened === null) throw new Error('the store is not open');
        return opened;
      },
      events: () => emitted,
    };

    beforeAll(async () => {
      const store = await create({ emit: (event) => void emitted.push(event) });
      await store.open(patient());
      opened = store;
    });
    afterAll(async () => {
      await opened?.[Symbol.asyncDispose]();
    });

    runContract(subject);
    queueContract(subject);
    placeContract(subject);
    historyContract(subject);
    chainContract(subject);
    catalogContract(subject);
    scheduleContract(subject);
    stateContract(subject);
    retentionContract(subject);
  });
}
