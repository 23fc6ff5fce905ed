// Prepared statements by their text. The texts come from this folder only (never from outside), so their number is small;
// `texts` lets the tests explain every one of them.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqlRow, SqlValue } from './record-map.ts';

export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get texts(): readonly string[] {
    return [...this.#prepared.keys()];
  }

  /** Rows changed. */
  run(text: string, values: SqlRow = {}): number {
    return Number(this.#statement(text).run(values).changes);
  }

  /** Rows changed by a text of `insertText`. By place: named values are looked up by name at each run, which costs more than the insert. */
  insert(text: string, columns: readonly string[], row: SqlRow): number {
    const values = columns.map((column) => row[column] ?? null);
    return Number(this.#statement(text).run(...values).changes);
  }

  /** Rows changed, with the values of `?` by place. */
  change(text: string, values: readonly SqlValue[]): number {
    return Number(this.#statement(text).run(...values).changes);
  }

  one(text: string, values: SqlRow = {}): SqlRow | null {
    return (this.#statement(text).get(values) as SqlRow | undefined) ?? null;
  }

  all(text: string, values: SqlRow = {}): SqlRow[] {
    return this.#statement(text).all(values) as SqlRow[];
  }

  #statement(text: string): StatementSync {
    let statement = this.#prepared.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#prepared.set(text, statement);
    }
    return statement;
  }
}

export function quoted(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(', ');
}

/** `INSERT INTO table (a, b) VALUES (?, ?)` */
export function insertText(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${quoted(columns)}) VALUES (${columns.map(() => '?').join(', ')})`;
}

/** `"a" = :a, "b" = :b`; with no columns a change that changes nothing, so that the guard is still tried. */
export function assignments(columns: readonly string[]): string {
  return columns.length === 0 ? 'id = id' : columns.map((column) => `"${column}" = :${column}`).join(', ');
}

/** `"a" = ?, "b" = ?` of names joined by commas; without names a change that changes nothing. */
export function placedAssignments(columns: string): string {
  return columns === ''
    ? 'id = id'
    : columns
        .split(',')
        .map((column) => `"${column}" = ?`)
        .join(', ');
}

/** `?, ?` */
export function places(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ');
}

/** Named parameters for a list: `:s0, :s1` and their values. */
export function listParameters(
  prefix: string,
  values: readonly SqlValue[],
): { readonly text: string; readonly row: SqlRow } {
  const row: SqlRow = {};
  for (const [index, value] of values.entries()) row[`${prefix}${index}`] = value;
  return {
    text: Object.keys(row)
      .map((name) => `:${name}`)
      .join(', '),
    row,
  };
}
