// Reads the store past the program, through the port that both stores pass one contract suite for.
import { setTimeout as pause } from 'node:timers/promises';
import { MongoStore } from '../../../src/adapters/mongo/mongo-store.ts';
import { SqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import type { Store, StoreOptions } from '../../../src/core/ports/store.ts';
import type { Run } from '../../../src/core/run.ts';
import type { RunHistory, Sight } from './history.ts';

const PAGE = 200;
const EVENTS_MAX = 10_000;
const PATIENCE_MS = 150_000;
/** SQLITE_BUSY */
const BUSY = 5;

/** @param place a mongodb:// address, or the path of the embedded store's file */
export async function openStore(place: string): Promise<Store> {
  const common = { clock: new SystemClock(), events: { emit: () => undefined }, logger: { log: () => undefined } };
  if (!place.startsWith('mongodb')) return await openFile(() => new SqliteStore({ path: place, ...common }));
  const store = new MongoStore({ uri: place, database: 'gantry', ...common });
  await store.open(patient());
  return store;
}

/** To open it is to write to it, and a program whose disk is slow may hold the lock for longer than the store waits. */
async function openFile(make: () => Store): Promise<Store> {
  for (const endMs = performance.now() + PATIENCE_MS; ;) {
    const store = make();
    try {
      await store.open(patient());
      return store;
    } catch (error) {
      if (!isBusy(error) || performance.now() > endMs) throw error;
      await pause(100);
    }
  }
}

function isBusy(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && 'sqliteCode' in cause && cause.sqliteCode === BUSY;
}

export async function listAllRuns(store: Store): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let after: string | null = null; ;) {
    const page: { readonly items: readonly Run[]; readonly next: string | null } = await store.listRuns(
      {},
      { limit: PAGE, ...(after === null ? {} : { after }) } as Parameters<Store['listRuns']>[1],
      patient(),
    );
    runs.push(...page.items);
    if (page.next === null) return runs;
    after = page.next;
  }
}

export async function readRuns(store: Store): Promise<readonly RunHistory[]> {
  const histories: RunHistory[] = [];
  for (const run of await listAllRuns(store)) {
    const [invocations, events] = await Promise.all([
      store.listInvocations(run.id, patient()),
      store.listEvents(run.id, 0, EVENTS_MAX, patient()),
    ]);
    histories.push({ run, invocations, events });
  }
  return histories;
}

export function sightOf(look: Pick<Sight, 'look' | 'atMs'>, { id, epoch, losses, state, finishedAtMs }: Run): Sight {
  return { ...look, runId: id, epoch, losses, state, finishedAtMs };
}

function patient(): StoreOptions {
  return { signal: AbortSignal.timeout(PATIENCE_MS) };
}
