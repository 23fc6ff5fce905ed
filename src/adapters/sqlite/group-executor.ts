// Runs one group of operations as one transaction: one fsync for all, yet each item stands or falls alone (a SAVEPOINT each).
// Nobody hears of success before the COMMIT. When the store itself is ill, all writes of the group are refused and the reads,
// which may have seen what was rolled back, are read again.
import type { DatabaseSync } from 'node:sqlite';
import { type OperationName, type Perform, WRITES } from './operations.ts';
import { type ErrorFacts, factsOf, isItemFault } from './sqlite-error.ts';

export type Request = readonly [id: number, operation: OperationName, parameters: readonly unknown[]];
export type Reply =
  | { readonly id: number; readonly isDone: true; readonly value: unknown }
  | { readonly id: number; readonly isDone: false; readonly error: ErrorFacts };

function isWrite(request: Request): boolean {
  return WRITES.has(request[1]);
}

export class GroupExecutor {
  readonly #database: DatabaseSync;
  readonly #perform: Perform;

  constructor(database: DatabaseSync, perform: Perform) {
    this.#database = database;
    this.#perform = perform;
  }

  /** One reply per request, in their order. Never throws. */
  execute(group: readonly Request[]): Reply[] {
    if (!group.some(isWrite)) return group.map((request) => this.#attempt(request));
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const replies = group.map((request) => (isWrite(request) ? this.#attemptWrite(request) : this.#attempt(request)));
      this.#database.exec('COMMIT');
      return replies;
    } catch (error) {
      this.#rollBack();
      const facts: ErrorFacts = { ...factsOf(error), code: 'STORE_UNAVAILABLE' };
      return group.map((request) =>
        isWrite(request) ? { id: request[0], isDone: false, error: facts } : this.#attempt(request),
      );
    }
  }

  #attempt([id, name, parameters]: Request): Reply {
    try {
      return { id, isDone: true, value: this.#perform(name, parameters) };
    } catch (error) {
      return { id, isDone: false, error: factsOf(error) };
    }
  }

  /** @throws what SQLite threw when it condemns more than this item */
  #attemptWrite([id, name, parameters]: Request): Reply {
    this.#database.exec('SAVEPOINT item');
    try {
      const value = this.#perform(name, parameters);
      this.#database.exec('RELEASE item');
      return { id, isDone: true, value };
    } catch (error) {
      // SQLite itself ends the transaction on some errors (disk full): then the items before this one are gone, too.
      if (!isItemFault(error) || !this.#database.isTransaction) throw error;
      this.#database.exec('ROLLBACK TO item');
      this.#database.exec('RELEASE item');
      return { id, isDone: false, error: factsOf(error) };
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
