// SQLite stores for tests, in folders of their own that go with the test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore, type SqliteStoreOptions } from '../../../src/adapters/sqlite/sqlite-store.ts';
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
