// Opens the database file, readable by its owner only, proves that it can be written, and brings its schema up to date.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GantryError } from '../../core/errors/gantry-error.ts';
import { BACKSTOP_PAGES } from './checkpoints.ts';
import { MIGRATIONS, SCHEMA_VERSION } from './schema.ts';

/** How long a write waits for another process's transaction. */
const BUSY_TIMEOUT_MS = 5000;

const PRAGMAS = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 67108864;
PRAGMA wal_autocheckpoint = ${BACKSTOP_PAGES};
PRAGMA cache_size = -32768;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
`;

function schemaVersion(database: DatabaseSync): number {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'facts'").get();
  if (table === undefined) return 0;
  return Number(database.prepare("SELECT value FROM facts WHERE name = 'schemaVersion'").get()?.['value'] ?? 0);
}

function migrate(database: DatabaseSync): void {
  const found = schemaVersion(database);
  if (found > SCHEMA_VERSION) {
    throw new GantryError(
      'STORE_SCHEMA_NEWER',
      `the store has schema version ${found}, this release knows ${SCHEMA_VERSION}`,
    );
  }
  database.exec('CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT');
  for (const migration of MIGRATIONS.slice(found)) database.exec(migration);
  const put = database.prepare(
    'INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value',
  );
  put.run({ name: 'schemaVersion', value: SCHEMA_VERSION });
  put.run({ name: 'pings', value: 0 });
}

/** @throws GantryError STORE_SCHEMA_NEWER; errors of SQLite and of the file system as they are */
export function openDatabase(path: string): DatabaseSync {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true });
    closeSync(openSync(path, 'a', 0o600));
  }
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec(PRAGMAS);
    database.exec('BEGIN IMMEDIATE');
    migrate(database);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
