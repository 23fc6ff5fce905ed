// Removal of old records, in SQL. Each operation is bounded by its caller and stands in one transaction with whatever else is written at the
// moment, so it must stay short: rows are found by an index and deleted by their keys.
import type {
  EndedQuery,
  OldLogsQuery,
  OldLogsRemoval,
  OldVersionsQuery,
  RunPartQuery,
  RunRemoval,
  Versioned,
} from '../../core/ports/retention.ts';
import { isTerminal, RUN_STATES, type RunState } from '../../core/run.ts';
import type { SqlRow } from './record-map.ts';
import type { Statements } from './statements.ts';

type EndedText = Omit<EndedQuery, 'after'> & { readonly after: string; readonly bound: string };

const ENDED_STATES = RUN_STATES.filter(isTerminal);

const NEXT_NAME = {
  runs: 'SELECT pipeline AS name FROM runs WHERE pipeline > :after ORDER BY pipeline LIMIT 1',
  plugin: 'SELECT plugin AS name FROM pluginVersions WHERE plugin > :after ORDER BY plugin LIMIT 1',
  pipeline: 'SELECT name FROM pipelineVersions WHERE name > :after ORDER BY name LIMIT 1',
} as const;

/** A run ended after it was made: its id bounds the walk, so that newer runs are not looked at. */
const ENDED = `SELECT id, state, finishedAtMs FROM runs INDEXED BY runs_pipeline_state
  WHERE pipeline = :pipeline AND state = :state AND id > :after AND id < :bound AND finishedAtMs < :endedBeforeMs
  ORDER BY id LIMIT :limit`;

const STATE = 'SELECT state FROM runs WHERE id = :id';
const LEAVE = 'UPDATE runs SET leaving = 1 WHERE id = :id AND leaving IS NULL';
const REMOVE_RUN = 'DELETE FROM runs WHERE id = :id';

/** What belongs to a run, in the order of its removal. */
const BELONGINGS: readonly string[] = [
  'DELETE FROM logs WHERE seq IN (SELECT seq FROM logs WHERE runId = :id ORDER BY seq LIMIT :limit)',
  `DELETE FROM events WHERE runId = :id
    AND seq IN (SELECT seq FROM events WHERE runId = :id ORDER BY seq LIMIT :limit)`,
  'DELETE FROM invocations WHERE id IN (SELECT id FROM invocations WHERE runId = :id LIMIT :limit)',
  'DELETE FROM payloadChunks WHERE rowid IN (SELECT rowid FROM payloadChunks WHERE runId = :id LIMIT :limit)',
  `DELETE FROM payloads WHERE runId = :id
    AND name IN (SELECT name FROM payloads WHERE runId = :id ORDER BY name LIMIT :limit)`,
];

/** Rows of a part of a run by their keys; names of payloads with artifacts begin so, and those of no others. */
const ARTIFACT_ROWS = "runId = :id AND name >= 'artifact' AND name < 'artifacu'";
const PARTS = {
  logs: [['logs', 'seq', 'runId = :id']],
  artifacts: [
    ['payloads', 'name', ARTIFACT_ROWS],
    ['payloadChunks', 'rowid', ARTIFACT_ROWS],
  ],
} as const;

const OLDEST_LOGS = 'SELECT seq, atMs FROM logs WHERE seq > :afterSeq ORDER BY seq LIMIT :limit';
const REMOVE_LOGS = 'DELETE FROM logs WHERE seq > :afterSeq AND seq <= :last AND atMs < :beforeMs';

/** Those before the last that is to stay, from the oldest on: what is too young, or has an image yet, keeps none behind it from being found. */
const OLD_VERSIONS = {
  plugin: `SELECT id FROM pluginVersions
    WHERE plugin = :name AND createdAtMs < :createdBeforeMs AND imageRemovedAtMs IS NOT NULL AND (createdAtMs, id) <
      (SELECT createdAtMs, id FROM pluginVersions WHERE plugin = :name
        ORDER BY createdAtMs DESC, id DESC LIMIT 1 OFFSET :keep - 1)
    ORDER BY createdAtMs, id LIMIT :limit`,
  pipeline: `SELECT seq AS id FROM pipelineVersions
    WHERE name = :name AND createdAtMs < :createdBeforeMs AND seq <
      (SELECT seq FROM pipelineVersions WHERE name = :name ORDER BY seq DESC LIMIT 1 OFFSET :keep - 1)
    ORDER BY seq LIMIT :limit`,
} as const;
const REMOVE_VERSION = {
  plugin: 'DELETE FROM pluginVersions WHERE id = :id AND imageRemovedAtMs IS NOT NULL',
  pipeline: 'DELETE FROM pipelineVersions WHERE seq = CAST(:id AS INTEGER)',
} as const;

export class RetentionOperations {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** One look-up in the index per name, however many rows bear it. */
  listNames(of: 'runs' | Versioned, after: string, limit: number): string[] {
    const names: string[] = [];
    while (names.length < limit) {
      const row = this.#sql.one(NEXT_NAME[of], { after: names.at(-1) ?? after });
      if (row === null) break;
      names.push(String(row['name']));
    }
    return names;
  }

  listEndedRuns({ pipeline, endedBeforeMs, after, bound, limit }: EndedText): SqlRow[] {
    const values = { pipeline, endedBeforeMs, after, bound, limit };
    return ENDED_STATES.flatMap((state) => this.#sql.all(ENDED, { ...values, state }))
      .sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1))
      .slice(0, limit);
  }

  removeRun(id: string, atMost: number): RunRemoval {
    const row = this.#sql.one(STATE, { id });
    if (row === null) return { state: 'gone', removed: 0 };
    if (!isTerminal(row['state'] as RunState)) return { state: 'kept', removed: 0 };
    this.#sql.run(LEAVE, { id });
    let removed = 0;
    for (const text of BELONGINGS) {
      if (removed < atMost) removed += this.#sql.run(text, { id, limit: atMost - removed });
    }
    if (removed >= atMost) return { state: 'partly', removed };
    return { state: 'gone', removed: removed + this.#sql.run(REMOVE_RUN, { id }) };
  }

  removePart({ runId: id, part, limit, isDryRun }: RunPartQuery): number {
    let count = 0;
    for (const [table, key, where] of PARTS[part]) {
      const rows = `SELECT ${key} FROM ${table} WHERE ${where} LIMIT :limit`;
      const values = { id, limit: limit - count };
      if (isDryRun) count += Number(this.#sql.one(`SELECT COUNT(*) AS n FROM (${rows})`, values)?.['n']);
      else count += this.#sql.run(`DELETE FROM ${table} WHERE ${where} AND ${key} IN (${rows})`, values);
    }
    return count;
  }

  removeLogs({ beforeMs, afterSeq, limit, isDryRun }: OldLogsQuery): OldLogsRemoval {
    const seen = this.#sql.all(OLDEST_LOGS, { afterSeq, limit });
    const old = seen.filter((row) => Number(row['atMs']) < beforeMs).length;
    const last = Number(seen.at(-1)?.['seq'] ?? afterSeq);
    if (old > 0 && !isDryRun) this.#sql.run(REMOVE_LOGS, { afterSeq, last, beforeMs });
    return { removed: old, next: old > 0 && seen.length === limit ? last : null };
  }

  listOldVersions({ of, name, keep, createdBeforeMs, limit }: OldVersionsQuery): string[] {
    const values = { name, keep: Math.max(1, keep), createdBeforeMs, limit };
    return this.#sql.all(OLD_VERSIONS[of], values).map((row) => String(row['id']));
  }

  removeVersions(of: Versioned, ids: readonly string[]): number {
    return ids.reduce((sum, id) => sum + this.#sql.run(REMOVE_VERSION[of], { id }), 0);
  }
}
