// Runs one group of operations as one transaction: one fsync for all, yet each item stands or falls alone. That is tried without savepoints
// first, which cost a tenth of the whole; when an item fails, all is rolled back and made again with a savepoint around each.
// Nobody hears of success before the COMMIT. When the store itself is ill, all writes of the group are refused and the reads,
// which may have seen what was rolled back, are read again.
import type { DatabaseSync } from 'node:sqlite';
import type { Work } from './create-work.ts';
import { type OperationName, WRITES } from './operations.ts';
import { UnsettledRun } from './pending-runs.ts';
import { caresFor } from './settle-for.ts';
import { type ErrorFacts, factsOf, isItemFault } from './sqlite-error.ts';

export type Request = readonly [operation: OperationName, parameters: readonly unknown[]];
export type Failure = readonly [index: number, facts: ErrorFacts];

/** What became of a group, in the order of its requests. */
export interface GroupEnd {
  /** null where a request failed */
  readonly values: readonly unknown[];
  readonly failures: readonly Failure[];
}

/** Stands for the value of a request that failed. */
class Refusal {
  readonly facts: ErrorFacts;

  constructor(facts: ErrorFacts) {
    this.facts = facts;
  }
}

function isWrite([name]: Request): boolean {
  return WRITES.has(name);
}

export class GroupExecutor {
  readonly #database: DatabaseSync;
  readonly #work: Work;
  readonly #isInPlace: () => boolean;
  readonly #onUnsettled: (run: UnsettledRun) => void;

  /**
   * @param isInPlace false when the file is gone from its place: SQLite would go on writing into one that nobody finds again
   * @param onUnsettled told of a run whose rows were refused, and which is left aside
   */
  constructor(database: DatabaseSync, work: Work, isInPlace: () => boolean, onUnsettled: (run: UnsettledRun) => void) {
    this.#database = database;
    this.#work = work;
    this.#isInPlace = isInPlace;
    this.#onUnsettled = onUnsettled;
  }

  /** Never throws. */
  execute(group: readonly Request[]): GroupEnd {
    try {
      if (!this.#needsTransaction(group)) return this.#each(group, (request) => this.#attempt(request));
      this.#checkPlace();
      return this.#settling(() => this.#together(group) ?? this.#oneByOne(group));
    } catch (error) {
      this.#rollBack();
      const facts: ErrorFacts = { ...factsOf(error), code: 'STORE_UNAVAILABLE' };
      return this.#each(group, (request) => (isWrite(request) ? new Refusal(facts) : this.#readAside(request)));
    }
  }

  /** Writes the rows of some runs that have ended. Not synced: a crash leaves their journal as it was. Never throws. @returns false when that is done */
  tidy(isWanted: () => boolean): boolean {
    const { pending } = this.#work;
    if (pending.endedCount === 0) return false;
    try {
      this.#database.exec('PRAGMA synchronous = NORMAL');
      this.#settling(() => {
        this.#begin();
        pending.settlePortion(isWanted);
        this.#database.exec('COMMIT');
      });
      return true;
    } catch {
      // A disk that is full or ill: the next write says so, and their journal stands.
      this.#rollBack();
      return false;
    } finally {
      this.#database.exec('PRAGMA synchronous = FULL');
    }
  }

  /** Writes the rows of all runs, ended or not. @throws what SQLite throws */
  settle(): void {
    this.#settling(() => {
      this.#begin();
      this.#work.pending.settleAll();
      this.#database.exec('COMMIT');
    });
  }

  /** @throws Error when there is no file that anybody would find again */
  #checkPlace(): void {
    if (this.#isInPlace()) return;
    throw new Error(
      'the database file, or its -wal file, is gone from its place; stop the program before you move them',
    );
  }

  /** Again without it when the rows of a run were refused. @throws what SQLite threw */
  #settling<T>(work: () => T): T {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof UnsettledRun)) throw error;
        this.#rollBack();
        this.#work.pending.setAside(error);
        this.#onUnsettled(error);
      }
    }
  }

  #needsTransaction(group: readonly Request[]): boolean {
    if (group.some(isWrite)) return true;
    if (!group.some(([name]) => caresFor(name))) return false;
    this.#work.pending.refresh();
    return !this.#work.pending.isEmpty;
  }

  #begin(): void {
    this.#database.exec('BEGIN IMMEDIATE');
    this.#work.pending.refresh();
  }

  /** Null: one of them failed for itself, and nothing has happened. @throws what SQLite threw when it condemns more than an item */
  #together(group: readonly Request[]): GroupEnd | null {
    this.#begin();
    try {
      const values = group.map(([name, parameters]) => this.#work.perform(name, parameters));
      this.#database.exec('COMMIT');
      return { values, failures: [] };
    } catch (error) {
      if (error instanceof UnsettledRun || !isItemFault(error) || !this.#database.isTransaction) throw error;
      this.#rollBack();
      return null;
    }
  }

  /** @throws what SQLite threw when it condemns more than an item */
  #oneByOne(group: readonly Request[]): GroupEnd {
    this.#begin();
    const end = this.#each(group, (request) =>
      isWrite(request) ? this.#attemptWrite(request) : this.#attempt(request),
    );
    this.#database.exec('COMMIT');
    return end;
  }

  #each(group: readonly Request[], work: (request: Request) => unknown): GroupEnd {
    const failures: Failure[] = [];
    const values = group.map((request, index) => {
      const value = work(request);
      if (!(value instanceof Refusal)) return value;
      failures.push([index, value.facts]);
      return null;
    });
    return { values, failures };
  }

  #attempt([name, parameters]: Request): unknown {
    try {
      return this.#work.perform(name, parameters);
    } catch (error) {
      if (error instanceof UnsettledRun) throw error;
      return new Refusal(factsOf(error));
    }
  }

  #attemptWrite([name, parameters]: Request): unknown {
    this.#database.exec('SAVEPOINT item');
    try {
      const value = this.#work.perform(name, parameters);
      this.#database.exec('RELEASE item');
      return value;
    } catch (error) {
      // SQLite itself ends the transaction on some errors (disk full): then the items before this one are gone, too.
      if (error instanceof UnsettledRun || !isItemFault(error) || !this.#database.isTransaction) throw error;
      this.#database.exec('ROLLBACK TO item');
      this.#database.exec('RELEASE item');
      this.#work.pending.distrust();
      this.#work.pending.refresh();
      return new Refusal(factsOf(error));
    }
  }

  /** With a store that takes no writes: what is to be settled for the reader is written in memory only, and taken back. */
  #readAside(request: Request): unknown {
    try {
      if (this.#needsTransaction([request])) this.#begin();
      return this.#attempt(request);
    } catch (error) {
      return new Refusal({ ...factsOf(error), code: 'STORE_UNAVAILABLE' });
    } finally {
      this.#rollBack();
    }
  }

  #rollBack(): void {
    this.#work.pending.distrust();
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // The next BEGIN reports what is wrong with the database.
    }
  }
}
