// Schedules in SQL. Each write names the revision that it changes.
import type { SqlRow } from './record-map.ts';
import { SCHEDULES } from './records.ts';
import { assignments, insertText, quoted, type Statements } from './statements.ts';

const COLUMNS = quoted(SCHEDULES.columns);
const LIST = `SELECT ${COLUMNS} FROM schedules ORDER BY id`;
const FIND = `SELECT ${COLUMNS} FROM schedules WHERE id = :id`;
const INSERT = `${insertText('schedules', SCHEDULES.columns)} ON CONFLICT DO NOTHING`;
const REPLACE = `UPDATE schedules SET ${assignments(SCHEDULES.columns)} WHERE id = :id AND revision = :revision - 1`;
const REMOVE = 'DELETE FROM schedules WHERE id = :id AND revision = :revision';

export class ScheduleOperations {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  listSchedules(): SqlRow[] {
    return this.#sql.all(LIST);
  }

  findSchedule(id: string): SqlRow | null {
    return this.#sql.one(FIND, { id });
  }

  insertSchedule(row: SqlRow): boolean {
    return this.#sql.insert(INSERT, SCHEDULES.columns, row) === 1;
  }

  replaceSchedule(row: SqlRow): boolean {
    return this.#sql.run(REPLACE, row) === 1;
  }

  removeSchedule(id: string, revision: number): boolean {
    return this.#sql.run(REMOVE, { id, revision }) === 1;
  }
}
