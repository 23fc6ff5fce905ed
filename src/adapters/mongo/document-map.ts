// Maps a record to a document and back. Structured fields travel as JSON strings: BSON would reorder keys, refuse some, and let a `$`
// in foreign data mean something to the server.
import type { Document } from 'mongodb';

/** Every document has a string as its id. */
export interface StoredDocument extends Document {
  _id: string;
}

export class DocumentMap<T extends object> {
  readonly #fields: ReadonlySet<string>;
  readonly #json: ReadonlySet<string>;
  readonly #idField: string | null;
  readonly #defaults: ReadonlyMap<string, unknown>;

  /**
   * @param fields all fields of the record
   * @param json those of them that are stored as JSON text
   * @param idField the field that is the document's `_id`, if there is one
   * @param defaults what fields that came later are where a document lacks them
   */
  constructor(
    fields: readonly (keyof T & string)[],
    json: readonly (keyof T & string)[],
    idField: (keyof T & string) | null,
    defaults: Partial<T> = {},
  ) {
    this.#fields = new Set(fields);
    this.#json = new Set(json);
    this.#idField = idField;
    this.#defaults = new Map(Object.entries(defaults));
  }

  /** The stored fields of a record or of a part of one, without its id. */
  encode(record: Partial<T>): Document {
    const document: Document = {};
    for (const [field, value] of Object.entries<unknown>(record)) {
      if (!this.#fields.has(field) || field === this.#idField || value === undefined) continue;
      document[field] = this.#json.has(field) ? JSON.stringify(value) : value;
    }
    return document;
  }

  /** The fields of a change without those that never change. */
  encodeChanges(changes: Partial<T>, fixed: readonly (keyof T & string)[]): Document {
    const entries = Object.entries<unknown>(this.encode(changes));
    return Object.fromEntries(entries.filter(([field]) => !(fixed as readonly string[]).includes(field)));
  }

  decode(document: Document): T {
    const record: Record<string, unknown> = {};
    for (const field of this.#fields) {
      // A document of an earlier release lacks the fields that came later.
      const stored: unknown = document[field === this.#idField ? '_id' : field];
      const value = stored === undefined ? (this.#defaults.get(field) ?? null) : stored;
      record[field] = this.#json.has(field) && typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
    }
    return record as T;
  }
}
