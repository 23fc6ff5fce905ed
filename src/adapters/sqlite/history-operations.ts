// What a run leaves behind, in SQL: invocations, payloads, events, log lines.
import { hash } from 'node:crypto';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { InvocationState } from '../../core/invocation.ts';
import { decodeEvents, EVENT_COLUMNS, type EventRow, singleRows } from './event-rows.ts';
import type { RowChanges, SqlRow, SqlValue } from './record-map.ts';
import { INVOCATIONS, LOG_LINES, LOGS } from './records.ts';
import { type Statements, insertText, placedAssignments, places, quoted } from './statements.ts';

/** Which log lines; null means "any". */
export interface LogQuery {
  readonly runId: string | null;
  readonly plugin: string | null;
  readonly afterSeq: number | null;
  readonly limit: number;
}

/** A payload larger than one chunk would make one row too costly to rewrite. */
export const CHUNK_BYTES = 256 * 1024;

/** One up to here stands in its head, which spares a row in two trees; a larger one would take a page of its own there. */
const INLINE_BYTES = 800;

const INSERT_INVOCATION = insertText('invocations', INVOCATIONS.columns);
const KEEP_INVOCATION = `${INSERT_INVOCATION} ON CONFLICT DO NOTHING`;
const LIST_INVOCATIONS = `SELECT ${quoted(INVOCATIONS.columns)} FROM invocations
  WHERE runId = :runId ORDER BY createdAtMs, id`;
const ADD_PAYLOAD = `${insertText('payloads', ['runId', 'name', 'hash', 'sizeBytes', 'bytes'])} ON CONFLICT DO NOTHING`;
const CHANGE_PAYLOAD = 'UPDATE payloads SET hash = ?, sizeBytes = ?, bytes = ? WHERE runId = ? AND name = ?';
const CLEAR_CHUNKS = 'DELETE FROM payloadChunks WHERE runId = ? AND name = ?';
const PUT_CHUNK = insertText('payloadChunks', ['runId', 'name', 'seq', 'bytes']);
const FIND_PAYLOAD = 'SELECT hash, bytes FROM payloads WHERE runId = :runId AND name = :name';
const FIND_CHUNKS = 'SELECT bytes FROM payloadChunks WHERE runId = :runId AND name = :name ORDER BY seq';
const LAST_SEQ = 'SELECT seq + count - 1 AS lastSeq FROM events WHERE runId = :runId ORDER BY seq DESC LIMIT 1';
/** Only behind everything that stands: else each event is looked at by itself. */
const INSERT_EVENTS = `INSERT INTO events (${quoted(EVENT_COLUMNS)}) SELECT ${places(EVENT_COLUMNS.length)}
  WHERE ? > coalesce((SELECT seq + count - 1 FROM events WHERE runId = ? ORDER BY seq DESC LIMIT 1), 0)`;
const INSERT_EVENT = `${insertText('events', EVENT_COLUMNS)} ON CONFLICT DO NOTHING`;
/** Begins with the row that may reach past `afterSeq`. */
const LIST_EVENTS = `SELECT ${quoted(EVENT_COLUMNS)} FROM events WHERE runId = :runId
  AND seq >= coalesce((SELECT max(seq) FROM events WHERE runId = :runId AND seq <= :afterSeq), 0)
  ORDER BY seq LIMIT :limit + 1`;
const INSERT_LOG = insertText('logs', LOG_LINES.columns);

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

  insertInvocation(values: readonly SqlValue[]): void {
    this.#sql.change(INSERT_INVOCATION, values);
  }

  /** One with the id that stands already stays as it is. */
  keepInvocation(values: readonly SqlValue[]): void {
    this.#sql.change(KEEP_INVOCATION, values);
  }

  updateInvocation(id: string, guardStates: readonly InvocationState[], [columns, changes]: RowChanges): boolean {
    const guard = places(guardStates.length);
    const text = `UPDATE invocations SET ${placedAssignments(columns)} WHERE id = ? AND state IN (${guard})`;
    return this.#sql.change(text, [...changes, id, ...guardStates]) === 1;
  }

  listInvocations(runId: string): SqlRow[] {
    return this.#sql.all(LIST_INVOCATIONS, { runId });
  }

  putPayload(runId: string, name: string, json: string): void {
    const bytes = Buffer.from(json, 'utf8');
    const isSmall = bytes.byteLength <= INLINE_BYTES;
    const head = [sha256(bytes), bytes.byteLength, isSmall ? bytes : null];
    if (this.#sql.change(ADD_PAYLOAD, [runId, name, ...head]) === 0) {
      this.#sql.change(CHANGE_PAYLOAD, [...head, runId, name]);
      this.#sql.change(CLEAR_CHUNKS, [runId, name]);
    }
    for (let seq = 0; !isSmall && seq * CHUNK_BYTES < bytes.byteLength; seq += 1) {
      this.#sql.change(PUT_CHUNK, [runId, name, seq, bytes.subarray(seq * CHUNK_BYTES, (seq + 1) * CHUNK_BYTES)]);
    }
  }

  findPayload(runId: string, name: string): string | null {
    const head = this.#sql.one(FIND_PAYLOAD, { runId, name });
    if (head === null) return null;
    const inline = head['bytes'] ?? null;
    const chunks = inline === null ? this.#sql.all(FIND_CHUNKS, { runId, name }).map((row) => row['bytes']) : [inline];
    const bytes = Buffer.concat(chunks as Uint8Array[]);
    if (sha256(bytes) !== head['hash']) {
      throw new GantryError('STORE_FAILED', `payload ${name} of ${runId} does not fit its hash`);
    }
    return bytes.toString('utf8');
  }

  appendEvents(rows: readonly EventRow[]): void {
    for (const row of rows) {
      const [runId, seq] = row;
      if (this.#sql.change(INSERT_EVENTS, [...row, seq, runId]) === 0) this.#addMissing(row);
    }
  }

  listEvents(runId: string, afterSeq: number, limit: number): SqlRow[] {
    return limit < 1 ? [] : this.#sql.all(LIST_EVENTS, { runId, afterSeq, limit });
  }

  lastEventSeq(runId: string): number {
    return Number(this.#sql.one(LAST_SEQ, { runId })?.['lastSeq'] ?? 0);
  }

  appendLogs(lines: readonly (readonly SqlValue[])[]): void {
    for (const values of lines) this.#sql.change(INSERT_LOG, values);
  }

  listLogs(query: LogQuery): SqlRow[] {
    const values: SqlRow = { limit: query.limit, afterSeq: query.afterSeq ?? 0 };
    if (query.runId !== null) values['runId'] = query.runId;
    if (query.plugin !== null) values['plugin'] = query.plugin;
    const rows = this.#sql.all(logsText(query), values);
    return query.afterSeq === null ? rows.reverse() : rows;
  }

  /** An event whose number stands already is kept as it was. */
  #addMissing(row: EventRow): void {
    const [runId, seq, , , , count] = row;
    const standing = new Set(decodeEvents(this.listEvents(runId, seq - 1, count)).map((event) => event.seq));
    for (const single of singleRows(row)) if (!standing.has(single[1])) this.#sql.change(INSERT_EVENT, single);
  }
}

function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
