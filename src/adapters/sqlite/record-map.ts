// Maps a record to a row and back: columns bear the fields' names, structured fields travel as JSON text (so hostile keys stay text).
// Both directions run on the caller's thread; the database thread sees flat rows only.

export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

/** The columns of a change, joined by commas, and their values: a statement is looked up by the text. */
export type RowChanges = readonly [columns: string, values: readonly SqlValue[]];

type ColumnKind = 'plain' | 'json';

export class RecordMap<T extends object> {
  readonly table: string;
  readonly columns: readonly string[];
  readonly #kinds: ReadonlyMap<string, ColumnKind>;
  readonly #fields: readonly (readonly [field: string, isJson: boolean])[];

  constructor(table: string, kinds: Readonly<Record<keyof T & string, ColumnKind>>) {
    this.table = table;
    this.columns = Object.keys(kinds);
    this.#kinds = new Map(Object.entries<ColumnKind>(kinds));
    this.#fields = Object.entries<ColumnKind>(kinds).map(([field, kind]) => [field, kind === 'json']);
  }

  /** The values of a whole record, in the order of `columns`: names need not cross the border of the thread. */
  values(record: T): SqlValue[] {
    const fields = record as Readonly<Record<string, unknown>>;
    return this.#fields.map(([field, isJson]) => {
      const value = fields[field];
      return isJson ? JSON.stringify(value) : ((value ?? null) as SqlValue);
    });
  }

  /** The row of a record or of a part of one; fields that are no column are left out. */
  encode(record: Partial<T>): SqlRow {
    const row: SqlRow = {};
    for (const [field, value] of Object.entries<unknown>(record)) {
      const kind = this.#kinds.get(field);
      if (kind === undefined || value === undefined) continue;
      row[field] = kind === 'json' ? JSON.stringify(value) : (value as SqlValue);
    }
    return row;
  }

  decode(row: SqlRow): T {
    const record: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(row)) {
      const isJson = this.#kinds.get(field) === 'json' && typeof value === 'string';
      record[field] = isJson ? (JSON.parse(value) as unknown) : value;
    }
    return record as T;
  }

  /** The part of a change that may be written: everything but the named columns. */
  encodeChanges(changes: Partial<T>, fixed: readonly (keyof T & string)[]): RowChanges {
    const [columns, values]: [string[], SqlValue[]] = [[], []];
    for (const [field, value] of Object.entries<unknown>(changes)) {
      const kind = this.#kinds.get(field);
      if (kind === undefined || value === undefined || (fixed as readonly string[]).includes(field)) continue;
      columns.push(field);
      values.push(kind === 'json' ? JSON.stringify(value) : (value as SqlValue));
    }
    return [columns.join(), values];
  }
}

/** Rough memory of a row or an argument, to bound what waits. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 16;
  if (typeof value !== 'object' || value === null) return 16;
  if (value instanceof Uint8Array) return value.byteLength + 64;
  let sum = 32;
  for (const item of Array.isArray(value) ? (value as readonly unknown[]) : Object.values(value)) sum += weightOf(item);
  return sum;
}
