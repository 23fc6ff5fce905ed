// The embedded store, on a file and in memory.
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createSqliteStore, createTestFolder } from '../../support/store/open-sqlite.ts';
import { storeContract } from './store-contract.ts';

const folder = createTestFolder();
afterAll(() => {
  folder[Symbol.dispose]();
});

storeContract('sqlite on a file', (events) => createSqliteStore(join(folder.path, 'made', 'gantry.db'), { events }));
storeContract('sqlite in memory', (events) => createSqliteStore(':memory:', { events }));
