// The fake that pipeline tests use keeps the same promises as the real stores.
import { MemoryStore } from '../../support/store/memory-store.ts';
import { storeContract } from './store-contract.ts';

storeContract('the memory fake', (events) => new MemoryStore(events));
