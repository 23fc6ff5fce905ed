// What grouping is worth: the same writes with 50 in flight (grouped by the store) and one after another (each its own synced
// transaction), in alternation, on the same files. Only the ratio travels between machines.
import { join } from 'node:path';
import { MongoStore } from '../../src/adapters/mongo/mongo-store.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { hasFerretdb, startFerretdb } from '../support/ferretdb/start-ferretdb.ts';
import { buildRun, patient, testClock } from '../support/store/build-records.ts';
import { createSqliteStore, createTestFolder } from '../support/store/open-sqlite.ts';

export interface StoreFigures {
  /** from call to acknowledgement, with 50 writes in flight */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** writes per second grouped ÷ writes per second one by one: median over the rounds */
  readonly ratio: number;
}

const IN_FLIGHT = 50;
const ROUNDS = 5;

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function writeAll(store: Store, count: number, inFlight: number): Promise<{ rate: number; acksMs: number[] }> {
  const acksMs: number[] = [];
  let left = count;
  const startedAt = performance.now();
  const writeSome = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const calledAt = performance.now();
      await store.insertRun(buildRun({ params: { filler: 'x'.repeat(300) } }), patient());
      acksMs.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, writeSome));
  return { rate: (count / (performance.now() - startedAt)) * 1000, acksMs };
}

async function measure(store: Store, count: number): Promise<StoreFigures> {
  await store.open(patient());
  await writeAll(store, IN_FLIGHT, IN_FLIGHT);
  const ratios: number[] = [];
  const acksMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const single = await writeAll(store, Math.ceil(count / 10), 1);
    const grouped = await writeAll(store, count, IN_FLIGHT);
    ratios.push(grouped.rate / single.rate);
    acksMs.push(...grouped.acksMs);
  }
  return { medianMs: quantile(acksMs, 0.5), p99Ms: quantile(acksMs, 0.99), ratio: quantile(ratios, 0.5) };
}

async function measureFerretdb(): Promise<StoreFigures> {
  await using server = await startFerretdb();
  await using store = new MongoStore({
    uri: server.uri,
    database: 'bench',
    clock: testClock,
    events: { emit: () => undefined },
    logger: { log: () => undefined },
  });
  return await measure(store, 200);
}

/** Figures of each store that can be had here; null where the stand-in for MongoDB is not built. */
export async function benchStore(): Promise<{ readonly sqlite: StoreFigures; readonly ferretdb: StoreFigures | null }> {
  using folder = createTestFolder();
  await using store = createSqliteStore(join(folder.path, 'gantry.db'));
  const sqlite = await measure(store, 4000);
  return { sqlite, ferretdb: hasFerretdb() ? await measureFerretdb() : null };
}
