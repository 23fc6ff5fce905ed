// Keys and values of plugins as documents. A put is one conditional write of one document: a rival between the look and the write makes it
// look again. A plugin's sum is asked of the server, so no counter can drift.
import { GantryError } from '../../core/errors/gantry-error.ts';
import {
  addedBy,
  whyNotPut,
  type IfVersion,
  type PluginState,
  type StateDeleteResult,
  type StateEntry,
  type StateHead,
  type StateKey,
  type StatePut,
  type StatePutResult,
  type StateQuery,
} from '../../core/ports/plugin-state.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { MongoWriter } from './mongo-writer.ts';

const COLLECTION = 'pluginState';
/** Rivals that may come between the look and the write before it counts as too much. */
const ATTEMPTS = 20;

function idOf(plugin: string, key: string): string {
  return JSON.stringify([plugin, key]);
}

export class MongoState {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async get(plugin: string, key: string): Promise<StateEntry | null> {
    const found = await this.#entries.findOne({ _id: idOf(plugin, key) }, { projection: { json: 1, version: 1 } });
    return found === null ? null : { json: String(found['json']), version: String(found['version']) };
  }

  async put(put: StatePut): Promise<StatePutResult> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const standing = await this.#head(put.plugin, put.key);
      const refusal = whyNotPut(put, standing) ?? (await this.#whyFull(put, standing));
      if (refusal !== null) return refusal;
      if (await this.#write(put, standing)) return { kind: 'stored' };
    }
    throw new GantryError('STORE_UNAVAILABLE', `store: state of ${put.plugin} is changed from too many places at once`);
  }

  async delete(plugin: string, key: string, ifVersion: IfVersion): Promise<StateDeleteResult> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const standing = await this.#head(plugin, key);
      if (standing === null) return { kind: attempt === 0 ? 'absent' : 'deleted' };
      const { version } = standing;
      if (ifVersion !== undefined && ifVersion !== version) return { kind: 'conflict', version };
      const { deletedCount } = await this.#entries.deleteOne({ _id: idOf(plugin, key), version });
      if (deletedCount === 1) return { kind: 'deleted' };
    }
    throw new GantryError('STORE_UNAVAILABLE', `store: state of ${plugin} is changed from too many places at once`);
  }

  async list(plugin: string, { prefix, after, limit }: StateQuery): Promise<readonly StateKey[]> {
    if (limit < 1) return [];
    // No key has a character behind `~`.
    const range = { $gt: after, $gte: prefix, $lt: `${prefix}\u007f` };
    const found = await this.#entries
      .find({ plugin, key: range }, { projection: { key: 1, version: 1, sizeBytes: 1 } })
      .sort({ key: 1 })
      .limit(limit)
      .toArray();
    return found.map((document) => ({
      key: String(document['key']),
      version: String(document['version']),
      sizeBytes: Number(document['sizeBytes']),
    }));
  }

  get #entries(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection(COLLECTION);
  }

  async #head(plugin: string, key: string): Promise<StateHead | null> {
    const projection = { version: 1, sizeBytes: 1 };
    const found = await this.#entries.findOne({ _id: idOf(plugin, key) }, { projection });
    return found === null ? null : { version: String(found['version']), sizeBytes: Number(found['sizeBytes']) };
  }

  async #whyFull(put: StatePut, standing: StateHead | null): Promise<StatePutResult | null> {
    const added = addedBy(put, standing);
    if (added === null) return null;
    const { plugin } = put;
    if (added.keys > 0 && (await this.#entries.countDocuments({ plugin })) >= put.keysMax)
      return { kind: 'full', limit: 'keys' };
    // One sum per command: FerretDB counts only the first of a group.
    const group = { _id: null, bytes: { $sum: '$sizeBytes' } };
    const [sum] = await this.#entries.aggregate([{ $match: { plugin } }, { $group: group }]).toArray();
    return Number(sum?.['bytes'] ?? 0) + added.bytes > put.bytesMax ? { kind: 'full', limit: 'bytes' } : null;
  }

  /** False when a rival was faster. */
  async #write(
    { plugin, key, json, version, sizeBytes, atMs }: StatePut,
    standing: StateHead | null,
  ): Promise<boolean> {
    const _id = idOf(plugin, key);
    const fields = { json, version, sizeBytes, updatedAtMs: atMs };
    if (standing === null)
      return (await this.#writer.insert(COLLECTION, { _id, plugin, key, ...fields })) === 'inserted';
    return await this.#writer.update(COLLECTION, { _id, version: standing.version }, { $set: fields });
  }
}

type Work<T> = (session: { readonly state: MongoState }) => Promise<T>;

/** @param call and @param write run the work as one operation of the store; writes of one key go one after the other */
export function mongoState(
  call: <T>(operation: string, options: StoreOptions, work: Work<T>) => Promise<T>,
  write: <T>(operation: string, key: string, options: StoreOptions, work: Work<T>) => Promise<T>,
): PluginState {
  return {
    get: (plugin, key, options) => call('getState', options, ({ state }) => state.get(plugin, key)),
    put: (request, options) => write('putState', `state:${request.plugin}`, options, ({ state }) => state.put(request)),
    delete: (plugin, key, ifVersion, options) =>
      write('deleteState', `state:${plugin}`, options, ({ state }) => state.delete(plugin, key, ifVersion)),
    list: (plugin, query, options) => call('listState', options, ({ state }) => state.list(plugin, query)),
  };
}
