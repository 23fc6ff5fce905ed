// The store on MongoDB's protocol: on the stand-in that the set-up builds, and on a real server where GANTRY_TEST_MONGODB names one.
// Each suite has a database of its own.
import { afterAll, describe, it } from 'vitest';
import { MongoStore } from '../../../src/adapters/mongo/mongo-store.ts';
import type { EventSink } from '../../../src/core/ports/event-sink.ts';
import { type TestDatabase, hasFerretdb, startFerretdb } from '../../support/ferretdb/start-ferretdb.ts';
import { freshName, testClock } from '../../support/store/build-records.ts';
import { storeContract } from './store-contract.ts';

const realUri = process.env['GANTRY_TEST_MONGODB'];

function createStore(uri: string, events: EventSink): MongoStore {
  const database = `${freshName('gantry_test')}_${String(Date.now())}`;
  return new MongoStore({ uri, database, clock: testClock, events, logger: { log: () => undefined } });
}

if (hasFerretdb()) {
  let server: TestDatabase | null = null;
  storeContract('mongo on FerretDB', async (events) => {
    server = await startFerretdb();
    return createStore(server.uri, events);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
} else {
  describe('mongo on FerretDB', () => {
    it.skip('not run: the stand-in is not built (it needs a Go toolchain)', () => undefined);
  });
}

if (realUri === undefined) {
  describe('mongo on MongoDB', () => {
    it.skip('not run: GANTRY_TEST_MONGODB names no server', () => undefined);
  });
} else {
  storeContract('mongo on MongoDB', (events) => createStore(realUri, events));
}
