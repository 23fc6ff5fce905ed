// Versions of plugins and pipelines, the workers, and the store's own row, in SQL.
import type { SqlRow } from './record-map.ts';
import { PIPELINE_VERSIONS, PLUGIN_VERSIONS, WORKERS } from './records.ts';
import { type Statements, assignments, insertText, quoted } from './statements.ts';

const PUT_PLUGIN_VERSION = `${insertText('pluginVersions', PLUGIN_VERSIONS.columns)} ON CONFLICT DO NOTHING`;
const LIST_PLUGIN_VERSIONS = `SELECT ${quoted(PLUGIN_VERSIONS.columns)} FROM pluginVersions
  WHERE plugin = :plugin ORDER BY createdAtMs DESC, id DESC`;
const NEWEST_PIPELINE_VERSION = 'SELECT version FROM pipelineVersions WHERE name = :name ORDER BY seq DESC LIMIT 1';
const PUT_PIPELINE_VERSION = insertText('pipelineVersions', PIPELINE_VERSIONS.columns);
const LIST_PIPELINE_VERSIONS = `SELECT ${quoted(PIPELINE_VERSIONS.columns)} FROM pipelineVersions
  WHERE name = :name ORDER BY seq DESC`;
const PUT_WORKER = `${insertText('workers', WORKERS.columns)}
  ON CONFLICT (id) DO UPDATE SET startedAtMs = excluded.startedAtMs, beatAtMs = excluded.beatAtMs`;
const LIST_WORKERS = `SELECT ${quoted(WORKERS.columns)} FROM workers ORDER BY id`;
const REMOVE_WORKER = 'DELETE FROM workers WHERE id = :id';
const PING = "UPDATE facts SET value = value + 1 WHERE name = 'pings'";
const VERSION = 'SELECT sqlite_version() AS version';

export class CatalogOperations {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  putPluginVersion(row: SqlRow): void {
    this.#sql.insert(PUT_PLUGIN_VERSION, PLUGIN_VERSIONS.columns, row);
  }

  updatePluginVersion(id: string, changes: SqlRow): boolean {
    const text = `UPDATE pluginVersions SET ${assignments(Object.keys(changes))} WHERE id = :versionId`;
    return this.#sql.run(text, { ...changes, versionId: id }) === 1;
  }

  listPluginVersions(plugin: string): SqlRow[] {
    return this.#sql.all(LIST_PLUGIN_VERSIONS, { plugin });
  }

  putPipelineVersion(row: SqlRow): boolean {
    const newest = this.#sql.one(NEWEST_PIPELINE_VERSION, { name: row['name'] ?? null });
    if (newest !== null && newest['version'] === row['version']) return false;
    return this.#sql.insert(PUT_PIPELINE_VERSION, PIPELINE_VERSIONS.columns, row) === 1;
  }

  listPipelineVersions(name: string): SqlRow[] {
    return this.#sql.all(LIST_PIPELINE_VERSIONS, { name });
  }

  putWorker(row: SqlRow): void {
    this.#sql.insert(PUT_WORKER, WORKERS.columns, row);
  }

  listWorkers(): SqlRow[] {
    return this.#sql.all(LIST_WORKERS);
  }

  removeWorker(id: string): void {
    this.#sql.run(REMOVE_WORKER, { id });
  }

  ping(): void {
    this.#sql.run(PING);
  }

  describe(): string {
    return String(this.#sql.one(VERSION)?.['version']);
  }
}
