// SQLite stores for tests, in folders of their own that go with the test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore, type SqliteStoreOptions } from '../../../src/adapters/sqlite/sqlite-store.ts';
import { WriteBehindStore, type WriteBehindOptions } from '../../../src/adapters/write-behind/write-behind-store.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { testClock } from './build-records.ts';

export interface TestFolder extends Disposable {
  readonly path: string;
}

export function createTestFolder(): TestFolder {
  const path = mkdtempSync(join(tmpdir(), 'gantry-store-'));
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A store that is not open yet. */
export function createSqliteStore(path: string, options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  return new SqliteStore({
    path,
    clock: testClock,
    events: { emit: () => undefined },
    logger: { log: () => undefined },
    ...options,
  });
}

/** As the program holds records of queued runs. */
export function writeBehind(
  store: Store,
  ports: Pick<WriteBehindOptions, 'clock' | 'events' | 'logger'>,
  options: Partial<WriteBehindOptions> = {},
): WriteBehindStore {
  const bounds = { flushWithinMs: 25, heldBytesMax: 64 * 1024 * 1024, storeTimeoutMs: 10_000 };
  return new WriteBehindStore({ store, ...ports, ...bounds, ...options });
}
