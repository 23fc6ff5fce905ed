// Copies what stands in the write-ahead log into the database file. SQLite would do it within the commit that makes the log too long, so that
// a group, and whoever begins a run, waits for two more syncs; here nobody's acknowledgement does: it is done in an idle moment,
// or, when there is none, after the replies of a group.
import type { DatabaseSync } from 'node:sqlite';

/** Pages in the log from which an idle moment is used: 4 MB, SQLite's own bound. */
const WORTH_PAGES = 1_000;

/** Pages from which it is not waited for: pages that change often are then copied a quarter as often. */
const DUE_PAGES = 4_000;

/** For when it cannot be done here because a reader stands in the way: within the commit, as SQLite does it. */
export const BACKSTOP_PAGES = 16_000;

/** The log is looked at after so many groups, as even a look costs some µs. */
const LOOK_GROUPS = 8;

const IDLE_MS = 20;

export class Checkpoints {
  readonly #database: DatabaseSync;
  readonly #look;
  readonly #copy;
  #groups = 0;
  #idle: NodeJS.Timeout | null = null;

  constructor(database: DatabaseSync) {
    this.#database = database;
    // A SQLite that does not know NOOP takes it for PASSIVE, and copies at each look.
    this.#look = database.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.#copy = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** A group comes: the moment is not idle. */
  busy(): void {
    if (this.#idle === null) return;
    clearTimeout(this.#idle);
    this.#idle = null;
  }

  /** After the replies of a group. */
  afterGroup(): void {
    this.#groups += 1;
    if (this.#groups >= LOOK_GROUPS) {
      this.#groups = 0;
      if (this.#pages() >= DUE_PAGES) this.#run();
    }
    this.#idle = setTimeout(() => {
      if (this.#pages() >= WORTH_PAGES) this.#run();
    }, IDLE_MS).unref();
  }

  /** Pages of the log that are not copied yet. */
  #pages(): number {
    if (!this.#database.isOpen) return 0;
    const row = this.#look.get();
    return Number(row?.['log'] ?? 0) - Number(row?.['checkpointed'] ?? 0);
  }

  #run(): void {
    try {
      this.#copy.get();
    } catch {
      // A disk that is full or ill: the next write says so.
    }
  }
}
