// Runs in SQL: insert, guarded update, pages, counts. Pages walk an index in its own order and stop at the limit,
// so their cost does not grow with history; bodies are read by id only for the rows that are handed out.
import { RUN_STATES, type RunState } from '../../core/run.ts';
import type { RunGuard } from '../../core/ports/store.ts';
import type { SqlRow } from './record-map.ts';
import { RUNS } from './records.ts';
import { type Statements, assignments, insertText, listParameters, quoted } from './statements.ts';

export type InsertedRow = { readonly kind: 'inserted' } | { readonly kind: 'exists'; readonly row: SqlRow };

export interface RunPage {
  readonly states: readonly RunState[] | null;
  readonly pipeline: string | null;
  readonly madeFrom: string | null;
  readonly limit: number;
  readonly after: string | null;
}

const COLUMNS = quoted(RUNS.columns);
const INSERT = `${insertText('runs', RUNS.columns)} ON CONFLICT DO NOTHING`;
const READ = `SELECT ${COLUMNS} FROM runs WHERE id = :id`;
/** One that is being removed is not found any more. */
const FIND = `${READ} AND leaving IS NULL`;
const FIND_BY_KEY = `SELECT ${COLUMNS} FROM runs WHERE pipeline = :pipeline AND idempotencyKey = :key`;
const OPEN = `SELECT ${COLUMNS} FROM runs WHERE state = :state ORDER BY id`;

function pageText(page: RunPage): string {
  const conditions = [
    ...(page.pipeline === null ? [] : ['pipeline = :pipeline']),
    ...(page.states === null ? [] : ['state = :state']),
    ...(page.madeFrom === null ? [] : ['madeFrom = :madeFrom']),
    ...(page.after === null ? [] : ['id < :after']),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  return `SELECT id FROM runs ${where} ORDER BY id DESC LIMIT :limit`;
}

function byId(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

export class RunOperations {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  insertRun(row: SqlRow): InsertedRow {
    if (this.#sql.insert(INSERT, RUNS.columns, row) === 1) return { kind: 'inserted' };
    const { id, pipeline, idempotencyKey: key } = row;
    const keyed = this.#sql.one(FIND_BY_KEY, { pipeline: pipeline ?? null, key: key ?? null });
    const standing = keyed ?? this.#sql.one(READ, { id: id ?? null });
    if (standing === null) throw new Error('a conflicting run vanished');
    return { kind: 'exists', row: standing };
  }

  findRun(id: string): SqlRow | null {
    return this.#sql.one(FIND, { id });
  }

  findRunByKey(pipeline: string, key: string): SqlRow | null {
    return this.#sql.one(FIND_BY_KEY, { pipeline, key });
  }

  updateRun(id: string, guard: RunGuard, changes: SqlRow): boolean {
    const states = listParameters('guard', guard.states);
    const epoch = guard.epoch === undefined ? '' : 'AND epoch = :guardEpoch';
    const worker = guard.worker === undefined ? '' : 'AND worker IS :guardWorker';
    const readyAt = guard.readyAtMs === undefined ? '' : 'AND readyAtMs = :guardReadyAtMs';
    const text = `UPDATE runs SET ${assignments(Object.keys(changes))} WHERE id = :guardId AND state IN (${states.text}) ${epoch} ${worker} ${readyAt}`;
    const values: SqlRow = { ...changes, ...states.row, guardId: id };
    if (guard.readyAtMs !== undefined) values['guardReadyAtMs'] = guard.readyAtMs;
    if (guard.epoch !== undefined) values['guardEpoch'] = guard.epoch;
    if (guard.worker !== undefined) values['guardWorker'] = guard.worker;
    return this.#sql.run(text, values) === 1;
  }

  listRuns(page: RunPage): SqlRow[] {
    const text = pageText(page);
    const values: SqlRow = { limit: page.limit };
    if (page.pipeline !== null) values['pipeline'] = page.pipeline;
    if (page.madeFrom !== null) values['madeFrom'] = page.madeFrom;
    if (page.after !== null) values['after'] = page.after;
    const groups = page.states === null ? [values] : [...new Set(page.states)].map((state) => ({ ...values, state }));
    return groups
      .flatMap((group) => this.#sql.all(text, group).map((row) => String(row['id'])))
      .sort((a, b) => byId(b, a))
      .slice(0, page.limit)
      .map((id) => this.#sql.one(READ, { id }))
      .filter((row) => row !== null);
  }

  listOpenRuns(): SqlRow[] {
    return ['queued', 'running', 'waiting']
      .flatMap((state) => this.#sql.all(OPEN, { state }))
      .sort((a, b) => byId(String(a['id']), String(b['id'])));
  }

  countRuns(states: readonly RunState[] | null, pipeline: string | null): number {
    const wanted = listParameters('state', [...new Set(states ?? RUN_STATES)]);
    const only = pipeline === null ? '' : 'AND pipeline = :pipeline';
    const text = `SELECT coalesce(sum(count), 0) AS count FROM runCounts WHERE state IN (${wanted.text}) ${only}`;
    const values = pipeline === null ? wanted.row : { ...wanted.row, pipeline };
    return Number(this.#sql.one(text, values)?.['count'] ?? 0);
  }
}
