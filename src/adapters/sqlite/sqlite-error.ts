// Errors of node:sqlite lose their codes on the way between threads, so they travel as plain facts.
// The question that matters: is the store ill (full, broken, locked), or did it refuse this one item?
import { type ErrorCode, isErrorCode } from '../../core/errors/error-table.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';

/** An error as it crosses the thread's border. `sqliteCode` is SQLite's primary result code, null for other errors. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly sqliteCode: number | null;
}

/** Primary codes that condemn one statement only: ERROR, TOOBIG, CONSTRAINT, MISMATCH, MISUSE, RANGE. */
const ITEM_CODES: ReadonlySet<number> = new Set([1, 18, 19, 20, 21, 25]);

function sqliteCodeOf(thrown: unknown): number | null {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return null;
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : null;
}

/** True when the fault lies with the one item, and the rest of the group may go on. */
export function isItemFault(thrown: unknown): boolean {
  const code = sqliteCodeOf(thrown);
  return code === null || ITEM_CODES.has(code);
}

/** Facts of anything thrown by an operation. */
export function factsOf(thrown: unknown): ErrorFacts {
  const sqliteCode = sqliteCodeOf(thrown);
  if (thrown instanceof GantryError) return { code: thrown.code, message: thrown.message, sqliteCode };
  return { code: isItemFault(thrown) ? 'STORE_FAILED' : 'STORE_UNAVAILABLE', message: messageOf(thrown), sqliteCode };
}

/** CORRUPT, NOTADB: no waiting mends such a file. */
const DAMAGE_CODES: ReadonlySet<number> = new Set([11, 26]);

/** Facts of anything thrown while the database is opened: then every fault but damage means that there is no store yet. */
export function openingFactsOf(thrown: unknown): ErrorFacts {
  const facts = factsOf(thrown);
  if (thrown instanceof GantryError) return facts;
  if (!DAMAGE_CODES.has(facts.sqliteCode ?? 0)) return { ...facts, code: 'STORE_UNAVAILABLE' };
  const message = `${facts.message}; put a backup in its place, or move it away to begin with an empty store`;
  return { ...facts, code: 'STORE_FAILED', message };
}

/** The error that a caller gets, with SQLite's own words as its cause. */
export function errorOf(facts: ErrorFacts, path: string): GantryError {
  const code = isErrorCode(facts.code) ? facts.code : 'STORE_FAILED';
  const cause = Object.assign(new Error(facts.message), { sqliteCode: facts.sqliteCode });
  return new GantryError(code, `store ${path}: ${facts.message}`, { cause });
}
