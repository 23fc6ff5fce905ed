// What a run leaves behind, in SQL: invocations, payloads, events, log lines.
import { createHash } from 'node:crypto';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { InvocationState } from '../../core/invocation.ts';
import type { SqlRow } from './record-map.ts';
import { EVENTS, INVOCATIONS, LOGS } from './records.ts';
import { type Statements, assignments, insertText, listParameters, quoted } from './statements.ts';

/** Which log lines; null means "any". */
export interface LogQuery {
  readonly runId: string | null;
  readonly plugin: string | null;
  readonly afterSeq: number | null;
  readonly limit: number;
}

/** A payload larger than one chunk would make one row too costly to rewrite. */
export const CHUNK_BYTES = 256 * 1024;

const INSERT_INVOCATION = insertText('invocations', INVOCATIONS.columns);
const KEEP_INVOCATION = `${INSERT_INVOCATION} ON CONFLICT DO NOTHING`;
const LIST_INVOCATIONS = `SELECT ${quoted(INVOCATIONS.columns)} FROM invocations
  WHERE runId = :runId ORDER BY createdAtMs, id`;
const PAYLOAD_COLUMNS = ['runId', 'name', 'hash', 'sizeBytes'];
const ADD_PAYLOAD = `${insertText('payloads', PAYLOAD_COLUMNS)} ON CONFLICT DO NOTHING`;
const CHANGE_PAYLOAD = 'UPDATE payloads SET hash = :hash, sizeBytes = :sizeBytes WHERE runId = :runId AND name = :name';
const CLEAR_CHUNKS = 'DELETE FROM payloadChunks WHERE runId = :runId AND name = :name';
const CHUNK_COLUMNS = ['runId', 'name', 'seq', 'bytes'];
const PUT_CHUNK = insertText('payloadChunks', CHUNK_COLUMNS);
const FIND_PAYLOAD = 'SELECT hash, sizeBytes FROM payloads WHERE runId = :runId AND name = :name';
const FIND_CHUNKS = 'SELECT bytes FROM payloadChunks WHERE runId = :runId AND name = :name ORDER BY seq';
const INSERT_EVENT = `${insertText('events', EVENTS.columns)} ON CONFLICT DO NOTHING`;
const LIST_EVENTS = `SELECT ${quoted(EVENTS.columns)} FROM events
  WHERE runId = :runId AND seq > :afterSeq ORDER BY seq LIMIT :limit`;
const LOG_COLUMNS = LOGS.columns.filter((column) => column !== 'seq');
const INSERT_LOG = insertText('logs', LOG_COLUMNS);

function logsText(query: LogQuery): string {
  const conditions = [
    ...(query.runId === null ? [] : ['runId = :runId']),
    // With both given the run's index is the better one: `+` keeps SQLite from choosing the plugin's.
    ...(query.plugin === null ? [] : [query.runId === null ? 'plugin = :plugin' : '+plugin = :plugin']),
    'seq > :afterSeq',
  ];
  const direction = query.afterSeq === null ? 'DESC' : 'ASC';
  return `SELECT ${quoted(LOGS.columns)} FROM logs WHERE ${conditions.join(' AND ')} ORDER BY seq ${direction} LIMIT :limit`;
}

export class HistoryOperations {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  insertInvocation(row: SqlRow): void {
    this.#sql.insert(INSERT_INVOCATION, INVOCATIONS.columns, row);
  }

  /** One with the id that stands already stays as it is. */
  keepInvocation(row: SqlRow): void {
    this.#sql.insert(KEEP_INVOCATION, INVOCATIONS.columns, row);
  }

  updateInvocation(id: string, guardStates: readonly InvocationState[], changes: SqlRow): boolean {
    const states = listParameters('guard', guardStates);
    const text = `UPDATE invocations SET ${assignments(Object.keys(changes))} WHERE id = :guardId AND state IN (${states.text})`;
    return this.#sql.run(text, { ...changes, ...states.row, guardId: id }) === 1;
  }

  listInvocations(runId: string): SqlRow[] {
    return this.#sql.all(LIST_INVOCATIONS, { runId });
  }

  putPayload(runId: string, name: string, json: string): void {
    const bytes = Buffer.from(json, 'utf8');
    const hash = createHash('sha256').update(bytes).digest('hex');
    const head = { runId, name, hash, sizeBytes: bytes.byteLength };
    if (this.#sql.insert(ADD_PAYLOAD, PAYLOAD_COLUMNS, head) === 0) {
      this.#sql.run(CHANGE_PAYLOAD, head);
      this.#sql.run(CLEAR_CHUNKS, { runId, name });
    }
    for (let seq = 0; seq * CHUNK_BYTES < bytes.byteLength; seq += 1) {
      const chunk = bytes.subarray(seq * CHUNK_BYTES, (seq + 1) * CHUNK_BYTES);
      this.#sql.insert(PUT_CHUNK, CHUNK_COLUMNS, { runId, name, seq, bytes: chunk });
    }
  }

  findPayload(runId: string, name: string): string | null {
    const head = this.#sql.one(FIND_PAYLOAD, { runId, name });
    if (head === null) return null;
    const chunks = this.#sql.all(FIND_CHUNKS, { runId, name }).map((row) => row['bytes'] as Uint8Array);
    const bytes = Buffer.concat(chunks);
    if (createHash('sha256').update(bytes).digest('hex') !== head['hash']) {
      throw new GantryError('STORE_FAILED', `payload ${name} of ${runId} does not fit its hash`);
    }
    return bytes.toString('utf8');
  }

  appendEvents(rows: readonly SqlRow[]): void {
    for (const row of rows) this.#sql.insert(INSERT_EVENT, EVENTS.columns, row);
  }

  listEvents(runId: string, afterSeq: number, limit: number): SqlRow[] {
    return this.#sql.all(LIST_EVENTS, { runId, afterSeq, limit });
  }

  appendLogs(rows: readonly SqlRow[]): void {
    for (const row of rows) this.#sql.insert(INSERT_LOG, LOG_COLUMNS, row);
  }

  listLogs(query: LogQuery): SqlRow[] {
    const values: SqlRow = { limit: query.limit, afterSeq: query.afterSeq ?? 0 };
    if (query.runId !== null) values['runId'] = query.runId;
    if (query.plugin !== null) values['plugin'] = query.plugin;
    const rows = this.#sql.all(logsText(query), values);
    return query.afterSeq === null ? rows.reverse() : rows;
  }
}
