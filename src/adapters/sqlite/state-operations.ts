// Keys and values of plugins in SQL. Each operation is one savepoint of its group, so what it reads holds until it has written.
import {
  addedBy,
  whyNotPut,
  type IfVersion,
  type StateDeleteResult,
  type StateHead,
  type StatePut,
  type StatePutResult,
  type StateQuery,
} from '../../core/ports/plugin-state.ts';
import type { SqlRow } from './record-map.ts';
import { type Statements, insertText } from './statements.ts';

const COLUMNS = ['plugin', 'key', 'version', 'sizeBytes', 'updatedAtMs', 'json'];
const FIND = 'SELECT version, json FROM pluginState WHERE plugin = :plugin AND key = :key';
const HEAD = 'SELECT version, sizeBytes FROM pluginState WHERE plugin = :plugin AND key = :key';
const SUM = 'SELECT count(*) AS keys, coalesce(sum(sizeBytes), 0) AS bytes FROM pluginState WHERE plugin = :plugin';
const PUT = `${insertText('pluginState', COLUMNS)} ON CONFLICT (plugin, key) DO UPDATE SET version = excluded.version,
  sizeBytes = excluded.sizeBytes, updatedAtMs = excluded.updatedAtMs, json = excluded.json`;
const DELETE = 'DELETE FROM pluginState WHERE plugin = :plugin AND key = :key';
/** `~` is the last character that a key may have. */
const LIST = `SELECT key, version, sizeBytes FROM pluginState
  WHERE plugin = :plugin AND key > :after AND key >= :prefix AND key < :prefix || char(127) ORDER BY key LIMIT :limit`;

export class StateOperations {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  getState(plugin: string, key: string): SqlRow | null {
    return this.#sql.one(FIND, { plugin, key });
  }

  putState(put: StatePut): StatePutResult {
    const { plugin, key, sizeBytes, version, json } = put;
    const standing = this.#head(plugin, key);
    const refusal = whyNotPut(put, standing) ?? this.#whyFull(put, standing);
    if (refusal !== null) return refusal;
    this.#sql.insert(PUT, COLUMNS, { plugin, key, version, sizeBytes, updatedAtMs: put.atMs, json });
    return { kind: 'stored' };
  }

  deleteState(plugin: string, key: string, ifVersion: IfVersion): StateDeleteResult {
    const standing = this.#head(plugin, key);
    if (standing === null) return { kind: 'absent' };
    const { version } = standing;
    if (ifVersion !== undefined && ifVersion !== version) return { kind: 'conflict', version };
    this.#sql.run(DELETE, { plugin, key });
    return { kind: 'deleted' };
  }

  listState(plugin: string, { prefix, after, limit }: StateQuery): SqlRow[] {
    return this.#sql.all(LIST, { plugin, prefix, after, limit });
  }

  #head(plugin: string, key: string): StateHead | null {
    const row = this.#sql.one(HEAD, { plugin, key });
    return row === null ? null : { version: String(row['version']), sizeBytes: Number(row['sizeBytes']) };
  }

  #whyFull(put: StatePut, standing: StateHead | null): StatePutResult | null {
    const added = addedBy(put, standing);
    if (added === null) return null;
    const sum = this.#sql.one(SUM, { plugin: put.plugin });
    if (Number(sum?.['keys']) + added.keys > put.keysMax) return { kind: 'full', limit: 'keys' };
    return Number(sum?.['bytes']) + added.bytes > put.bytesMax ? { kind: 'full', limit: 'bytes' } : null;
  }
}
