// Maps a record to a row and back: columns bear the fields' names, structured fields travel as JSON text (so hostile keys stay text).
// Both directions run on the caller's thread; the database thread sees flat rows only.

export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

type ColumnKind = 'plain' | 'json';

export class RecordMap<T extends object> {
  readonly table: string;
  readonly columns: readonly string[];
  readonly #kinds: ReadonlyMap<string, ColumnKind>;

  constructor(table: string, kinds: Readonly<Record<keyof T & string, ColumnKind>>) {
    this.table = table;
    this.columns = Object.keys(kinds);
    this.#kinds = new Map(Object.entries<ColumnKind>(kinds));
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
  encodeChanges(changes: Partial<T>, fixed: readonly (keyof T & string)[]): SqlRow {
    const row = this.encode(changes);
    return Object.fromEntries(Object.entries(row).filter(([field]) => !(fixed as readonly string[]).includes(field)));
  }
}

/** Rough memory of a row or an argument, to bound what waits. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 16;
  if (value instanceof Uint8Array) return value.byteLength + 64;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + weightOf(item), 16);
  if (typeof value === 'object' && value !== null) return weightOf(Object.values(value)) + 64;
  return 16;
}
