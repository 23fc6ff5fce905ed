// One program per data folder. The lock is SQLite's own exclusive file lock on a file made for it: the kernel frees it when the process
// dies, however it dies, so there is no stale lock to reason about; and it holds between containers that share the folder.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';

/** Takes the lock until disposed. @throws GantryError INSTANCE_LOCKED when another program has it; STORE_UNAVAILABLE */
export function lockInstance(dataFolder: string): Disposable {
  const path = join(dataFolder, 'lock.db');
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (isBusy(error))
      throw new GantryError('INSTANCE_LOCKED', `another program holds the data folder ${dataFolder}`, { cause: error });
    throw new GantryError('STORE_UNAVAILABLE', `${path}: ${messageOf(error)}`, { cause: error });
  }
  const held = database;
  return {
    [Symbol.dispose]: () => {
      held.close();
    },
  };
}

/** SQLITE_BUSY is 5 in its low byte (https://www.sqlite.org/rescode.html). */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}
