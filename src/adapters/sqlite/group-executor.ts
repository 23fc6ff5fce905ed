// Runs one group of operations as one transaction: one fsync for all, yet each item stands or falls alone. That is tried without savepoints
// first, which cost a tenth of the whole; when an item fails, all is rolled back and made again with a savepoint around each.
// Nobody hears of success before the COMMIT. When the store itself is ill, all writes of the group are refused and the reads,
// which may have seen what was rolled back, are read again.
import type { DatabaseSync } from 'node:sqlite';
import { type OperationName, type Perform, WRITES } from './operations.ts';
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
  readonly #perform: Perform;
  readonly #isInPlace: () => boolean;

  /** @param isInPlace false when the file is gone from its place: SQLite would go on writing into one that nobody finds again */
  constructor(database: DatabaseSync, perform: Perform, isInPlace: () => boolean = () => true) {
    this.#database = database;
    this.#perform = perform;
    this.#isInPlace = isInPlace;
  }

  /** Never throws. */
  execute(group: readonly Request[]): GroupEnd {
    if (!group.some(isWrite)) return this.#each(group, (request) => this.#attempt(request));
    try {
      if (!this.#isInPlace())
        throw new Error(
          'the database file, or its -wal file, is gone from its place; stop the program before you move them',
        );
      return this.#together(group) ?? this.#oneByOne(group);
    } catch (error) {
      this.#rollBack();
      const facts: ErrorFacts = { ...factsOf(error), code: 'STORE_UNAVAILABLE' };
      return this.#each(group, (request) => (isWrite(request) ? new Refusal(facts) : this.#attempt(request)));
    }
  }

  /** Null: one of them failed for itself, and nothing has happened. @throws what SQLite threw when it condemns more than an item */
  #together(group: readonly Request[]): GroupEnd | null {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const values = group.map(([name, parameters]) => this.#perform(name, parameters));
      this.#database.exec('COMMIT');
      return { values, failures: [] };
    } catch (error) {
      if (!isItemFault(error) || !this.#database.isTransaction) throw error;
      this.#database.exec('ROLLBACK');
      return null;
    }
  }

  /** @throws what SQLite threw when it condemns more than an item */
  #oneByOne(group: readonly Request[]): GroupEnd {
    this.#database.exec('BEGIN IMMEDIATE');
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
      return this.#perform(name, parameters);
    } catch (error) {
      return new Refusal(factsOf(error));
    }
  }

  #attemptWrite([name, parameters]: Request): unknown {
    this.#database.exec('SAVEPOINT item');
    try {
      const value = this.#perform(name, parameters);
      this.#database.exec('RELEASE item');
      return value;
    } catch (error) {
      // SQLite itself ends the transaction on some errors (disk full): then the items before this one are gone, too.
      if (!isItemFault(error) || !this.#database.isTransaction) throw error;
      this.#database.exec('ROLLBACK TO item');
      this.#database.exec('RELEASE item');
      return new Refusal(factsOf(error));
    }
  }

  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // The next BEGIN reports what is wrong with the database.
    }
  }
}
