// All single-document writes. A cut connection leaves a write's fate unknown: then its key is read again, by the token that the write
// carried, and only when that does not prove success the caller hears of a failure. Nothing is ever repeated blindly.
// Inserts of one collection that come while a group is under way go together as the next group.
import { randomBytes } from 'node:crypto';
import type { Collection, Db, Document } from 'mongodb';
import type { StoredDocument } from './document-map.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { duplicatesOf, isRefusal, mongoError } from './mongo-error.ts';

export type InsertOutcome = 'inserted' | 'duplicate';

interface PendingInsert {
  readonly document: StoredDocument;
  readonly settle: PromiseWithResolvers<InsertOutcome>;
}

const GROUP_MAX = 500;

export class MongoWriter {
  readonly #database: Db;
  readonly queue: KeyedQueue;
  readonly #pending = new Map<string, PendingInsert[]>();
  readonly #busy = new Set<string>();

  constructor(database: Db, isSerial: boolean) {
    this.#database = database;
    this.queue = new KeyedQueue(isSerial);
  }

  collection(name: string): Collection<StoredDocument> {
    return this.#database.collection<StoredDocument>(name);
  }

  /** One document among others of its group. */
  async insert(name: string, document: StoredDocument): Promise<InsertOutcome> {
    const settle = Promise.withResolvers<InsertOutcome>();
    const pending = this.#pending.get(name) ?? [];
    pending.push({ document: { ...document, writeToken: newToken() }, settle });
    this.#pending.set(name, pending);
    if (!this.#busy.has(name)) void this.#insertGroups(name);
    return await settle.promise;
  }

  /** Several documents in one command; those that stand already are kept. @returns which were new */
  async insertAll(name: string, documents: readonly StoredDocument[]): Promise<readonly InsertOutcome[]> {
    if (documents.length === 0) return [];
    try {
      await this.collection(name).insertMany([...documents], { ordered: false });
      return documents.map(() => 'inserted');
    } catch (error) {
      const duplicates = duplicatesOf(error);
      if (duplicates !== null)
        return documents.map((_, index) => (duplicates.includes(index) ? 'duplicate' : 'inserted'));
      if (isRefusal(error)) throw mongoError(error);
      return await this.#readBack(name, documents, error);
    }
  }

  /** True when the filter (an `_id` and conditions) matched and the change was made. */
  async update(name: string, filter: Document & { _id: string }, change: Document): Promise<boolean> {
    const token = newToken();
    const marked = { ...change, $set: { ...(change['$set'] as Document | undefined), writeToken: token } };
    try {
      const result = await this.collection(name).updateOne(filter, marked);
      return result.matchedCount === 1;
    } catch (error) {
      if (isRefusal(error)) throw mongoError(error);
      await this.#confirm(name, filter._id, token, error);
      return true;
    }
  }

  /** Puts the document in the place of what stands under its id. */
  async replace(name: string, document: StoredDocument): Promise<void> {
    const token = newToken();
    const { _id, ...body } = document;
    try {
      await this.collection(name).replaceOne({ _id }, { ...body, writeToken: token }, { upsert: true });
    } catch (error) {
      if (isRefusal(error)) throw mongoError(error);
      await this.#confirm(name, _id, token, error);
    }
  }

  /** As `replace`, many in one command. */
  async replaceAll(name: string, documents: readonly StoredDocument[]): Promise<void> {
    const marked = documents.map((document) => ({ ...document, writeToken: newToken() }));
    try {
      await this.collection(name).bulkWrite(
        marked.map(({ _id, ...body }) => ({ replaceOne: { filter: { _id }, replacement: body, upsert: true } })),
        { ordered: false },
      );
    } catch (error) {
      if (isRefusal(error)) throw mongoError(error);
      await this.#readBack(name, marked, error);
    }
  }

  /** @throws the original failure unless the write is found to have happened */
  async #confirm(name: string, id: string, token: string, failure: unknown): Promise<void> {
    const standing = await this.collection(name)
      .findOne({ _id: id }, { projection: { writeToken: 1 } })
      .catch(() => null);
    if (standing?.['writeToken'] !== token) throw mongoError(failure);
  }

  async #readBack(
    name: string,
    documents: readonly StoredDocument[],
    failure: unknown,
  ): Promise<readonly InsertOutcome[]> {
    const standing = await Promise.all(
      documents.map(({ _id }) => this.collection(name).findOne({ _id }, { projection: { writeToken: 1 } })),
    ).catch(() => []);
    const isThere = (document: StoredDocument, index: number): boolean => {
      const found = standing[index] ?? null;
      return found !== null && found['writeToken'] === document['writeToken'];
    };
    if (!documents.every(isThere)) throw mongoError(failure);
    return documents.map(() => 'inserted');
  }

  async #insertGroups(name: string): Promise<void> {
    this.#busy.add(name);
    await Promise.resolve();
    for (;;) {
      const group = (this.#pending.get(name) ?? []).splice(0, GROUP_MAX);
      if (group.length === 0) break;
      try {
        const outcomes = await this.insertAll(
          name,
          group.map(({ document }) => document),
        );
        for (const [index, { settle }] of group.entries()) settle.resolve(outcomes[index] ?? 'inserted');
      } catch (error) {
        await this.#settleOneByOne(name, group, error);
      }
    }
    this.#busy.delete(name);
  }

  /** One bad document must not spoil its group, so each is looked at by itself. */
  async #settleOneByOne(name: string, group: readonly PendingInsert[], failure: unknown): Promise<void> {
    for (const { document, settle } of group) {
      try {
        await this.#readBack(name, [document], failure);
        settle.resolve('inserted');
      } catch (error) {
        settle.reject(error);
      }
    }
  }
}

/** Marks one write, to recognise it when its acknowledgement was lost. */
export function newToken(): string {
  return randomBytes(12).toString('hex');
}
