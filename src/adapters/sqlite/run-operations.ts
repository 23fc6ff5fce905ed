// Runs in SQL: insert, guarded update, pages, counts. Pages walk an index in its own order and stop at the limit,
// so their cost does not grow with history; bodies are read by id only for the rows that are handed out.
import { RUN_STATES, type RunState } from '../../core/run.ts';
import type { RunGuard } from '../../core/ports/store.ts';
import type { RowChanges, SqlRow, SqlValue } from './record-map.ts';
import { RUNS } from './records.ts';
import { type Statements, insertText, listParameters, placedAssignments, places, quoted } from './statements.ts';

export type InsertedRow = { readonly kind: 'inserted' } | { readonly kind: 'exists'; readonly row: SqlRow };

export interface RunPage {
  readonly states: readonly RunState[] | null;
  readonly pipeline: string | null;
  readonly madeFrom: string | null;
  readonly isOpenChild: boolean;
  readonly limit: number;
  readonly after: string | null;
}

/** Behind every id. */
const LAST_ID = '~';

const COLUMNS = quoted(RUNS.columns);
const INSERT = `${insertText('runs', RUNS.columns)} ON CONFLICT DO NOTHING`;
const READ = `SELECT ${COLUMNS} FROM runs WHERE id = :id`;
/** One that is being removed is not found any more. */
const FIND = `${READ} AND leaving IS NULL`;
const FIND_BY_KEY = `SELECT ${COLUMNS} FROM runs WHERE pipeline = :pipeline AND idempotencyKey = :key`;

/** The runs of a pipeline are walked state by state, which spares an index that every new run would have to enter; null: not by state. */
function statesOf({ states, pipeline }: RunPage): readonly RunState[] | null {
  if (states !== null) return [...new Set(states)];
  return pipeline === null ? null : RUN_STATES;
}

function pageText(page: RunPage): string {
  const conditions = [
    ...(page.pipeline === null ? [] : ['pipeline = :pipeline']),
    ...(statesOf(page) === null ? [] : ['state = :state']),
    ...(page.madeFrom === null ? [] : ['madeFrom = :madeFrom']),
    ...(page.isOpenChild ? [`"trigger" = 'run' AND finishedAtMs IS NULL`] : []),
    ...(page.after === null && !page.isOpenChild ? [] : ['id < :after']),
  ];
  const by = page.isOpenChild ? 'INDEXED BY runs_open_children' : '';
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  return `SELECT id FROM runs ${by} ${where} ORDER BY id DESC LIMIT :limit`;
}

/** Where a run's id, pipeline and idempotency key stand among its values. */
const KEY_PLACES = ['id', 'pipeline', 'idempotencyKey'].map((column) => RUNS.columns.indexOf(column));

function byId(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

export class RunOperations {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  insertRun(values: readonly SqlValue[]): InsertedRow {
    if (this.#sql.change(INSERT, values) === 1) return { kind: 'inserted' };
    const [id, pipeline, key] = KEY_PLACES.map((place) => values[place] ?? null);
    const keyed = key === null ? null : this.#sql.one(FIND_BY_KEY, { pipeline: pipeline ?? null, key: key ?? null });
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

  updateRun(id: string, guard: RunGuard, [columns, changes]: RowChanges): boolean {
    const { states, epoch, worker, readyAtMs, told } = guard;
    const values = [...changes, id, ...states];
    let text = `UPDATE runs SET ${placedAssignments(columns)} WHERE id = ? AND state IN (${places(states.length)})`;
    const only = (condition: string, value: SqlValue | undefined): void => {
      if (value === undefined) return;
      text += ` AND ${condition}`;
      values.push(value);
    };
    only('epoch = ?', epoch);
    only('worker IS ?', worker);
    only('readyAtMs = ?', readyAtMs);
    only('cancelRequestedAtMs IS ?', told?.cancelRequestedAtMs);
    only('decisions = ?', told === undefined ? undefined : JSON.stringify(told.decisions));
    return this.#sql.change(text, values) === 1;
  }

  listRuns(page: RunPage): SqlRow[] {
    const text = pageText(page);
    const values: SqlRow = { limit: page.limit };
    if (page.pipeline !== null) values['pipeline'] = page.pipeline;
    if (page.madeFrom !== null) values['madeFrom'] = page.madeFrom;
    if (page.after !== null || page.isOpenChild) values['after'] = page.after ?? LAST_ID;
    const groups = statesOf(page)?.map((state) => ({ ...values, state })) ?? [values];
    return groups
      .flatMap((group) => this.#sql.all(text, group).map((row) => String(row['id'])))
      .sort((a, b) => byId(b, a))
      .slice(0, page.limit)
      .map((id) => this.#sql.one(READ, { id }))
      .filter((row) => row !== null);
  }

  countRuns(states: readonly RunState[] | null, pipeline: string | null): number {
    const wanted = listParameters('state', [...new Set(states ?? RUN_STATES)]);
    const only = pipeline === null ? '' : 'AND pipeline = :pipeline';
    const text = `SELECT coalesce(sum(count), 0) AS count FROM runCounts WHERE state IN (${wanted.text}) ${only}`;
    const values = pipeline === null ? wanted.row : { ...wanted.row, pipeline };
    return Number(this.#sql.one(text, values)?.['count'] ?? 0);
  }
}
