// The store on MongoDB's protocol: on the stand-in that the set-up builds, and on a real server where GANTRY_TEST_MONGODB names one.
// Each suite has a database of its own. On the stand-in every command is looked at on its way, to see that an index serves it.
import { afterAll, describe, expect, it } from 'vitest';
import { INDEXES } from '../../../src/adapters/mongo/mongo-schema.ts';
import { MongoStore } from '../../../src/adapters/mongo/mongo-store.ts';
import type { EventSink } from '../../../src/core/ports/event-sink.ts';
import { hasFerretdb, startFerretdb } from '../../support/ferretdb/start-ferretdb.ts';
import { freshName, testClock } from '../../support/store/build-records.ts';
import { startCuttableProxy } from '../../support/store/cuttable-proxy.ts';
import { type QueryShape, isServed, queryShapesOf } from '../../support/store/query-shapes.ts';
import { storeContract } from './store-contract.ts';

const realUri = process.env['GANTRY_TEST_MONGODB'];
/** Of a machine that is busy with other things: no test here is about a server that does not answer. */
const TIMEOUTS = { serverSelectionMs: 60_000, socketMs: 60_000 };

function createStore(uri: string, events: EventSink): MongoStore {
  const database = `${freshName('gantry_test')}_${String(Date.now())}`;
  const silent = { log: () => undefined };
  return new MongoStore({ uri, database, clock: testClock, events, logger: silent, timeouts: TIMEOUTS });
}

if (hasFerretdb()) {
  const stack = new AsyncDisposableStack();
  const shapes = new Map<string, QueryShape>();
  const onCommand = (message: Buffer): void => {
    for (const shape of queryShapesOf(message)) shapes.set(JSON.stringify(shape), shape);
  };

  storeContract('mongo on FerretDB', async (events) => {
    const server = stack.use(await startFerretdb());
    return createStore(stack.use(await startCuttableProxy(server.uri, { onCommand })).uri, events);
  });

  it('serves every query that the suite made by a declared index', () => {
    // There are never more workers than processes; a count of all runs is answered from the collection's own count.
    const isAllowed = ({ collection, filter, sort }: QueryShape): boolean =>
      collection === 'runs' && filter.length === 0 && sort.length === 0;
    const all = [...shapes.values()];
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter((shape) => !isServed(shape, INDEXES[shape.collection] ?? []) && !isAllowed(shape))).toEqual([]);
    expect(isServed({ collection: 'runs', filter: ['requestHash'], sort: [] }, INDEXES['runs'] ?? [])).toBe(false);
  });

  afterAll(async () => {
    await stack.disposeAsync();
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
