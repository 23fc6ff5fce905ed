// What grouping is worth: the same writes with 50 in flight (grouped by the store) and one after another (each its own synced transaction),
// in alternation, on the same files; for MongoDB over the stand-in, where that is built.
import { join } from 'node:path';
import { MongoStore } from '../../src/adapters/mongo/mongo-store.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { hasFerretdb, startFerretdb } from '../support/ferretdb/start-ferretdb.ts';
import { buildRun, patient, testClock } from '../support/store/build-records.ts';
import { createSqliteStore, createTestFolder } from '../support/store/open-sqlite.ts';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { interleave, type Contender } from './interleave.ts';

const IN_FLIGHT = 50;

export const storeBenchmark: Benchmark = {
  name: 'store',
  title: 'durable writes of runs, many in flight beside one after another',
  goals: [
    {
      ratio: 'sqlite_grouped_over_single',
      sense: 'at least',
      bound: 5,
      says: 'writes that wait together are worth many single ones',
    },
    {
      ratio: 'mongo_grouped_over_single',
      sense: 'at least',
      bound: 5,
      says: 'the same over a MongoDB',
      obstacle:
        'the stand-in, FerretDB over SQLite, takes 0.8 ms for each document, also where 50 come in one insertMany, and the writes of this measurement are one document each; a real MongoDB was not to be had here. Counted instead: 1,000 runs with `durability: queued` take some 50 commands (they were 1,543)',
    },
  ],
  run: benchStore,
};

type Name = 'sqlite_single' | 'sqlite_grouped' | 'mongo_single' | 'mongo_grouped';

async function benchStore(request: BenchRequest): Promise<BenchResult> {
  using folder = createTestFolder();
  await using sqlite = createSqliteStore(join(folder.path, 'gantry.db'));
  await sqlite.open(patient());
  await using server = hasFerretdb() ? await startFerretdb() : null;
  await using mongo = server === null ? null : await openMongo(server.uri);
  const contenders: Contender<Name>[] = [
    { name: 'sqlite_single', calls: 200, call: () => write(sqlite) },
    { name: 'sqlite_grouped', calls: 4_000, inFlight: IN_FLIGHT, call: () => write(sqlite) },
  ];
  if (mongo !== null)
    contenders.push(
      { name: 'mongo_single', calls: 50, call: () => write(mongo) },
      { name: 'mongo_grouped', calls: 400, inFlight: IN_FLIGHT, call: () => write(mongo) },
    );
  const found = await interleave(contenders, request);
  const ratios = { sqlite_grouped_over_single: found.rateRatio('sqlite_grouped', 'sqlite_single') };
  if (mongo === null) return { cases: found.cases, ratios };
  const mongo_grouped_over_single = found.rateRatio('mongo_grouped', 'mongo_single');
  return { cases: found.cases, ratios: { ...ratios, mongo_grouped_over_single } };
}

async function write(store: Store): Promise<number> {
  const startedMs = performance.now();
  await store.insertRun(buildRun({ params: { filler: 'x'.repeat(300) } }), patient());
  return performance.now() - startedMs;
}

async function openMongo(uri: string): Promise<MongoStore> {
  const events = { emit: () => undefined };
  const logger = { log: () => undefined };
  const store = new MongoStore({ uri, database: 'bench', clock: testClock, events, logger });
  await store.open(patient());
  return store;
}
