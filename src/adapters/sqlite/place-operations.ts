// Places of concurrency keys in SQL: a row per run that has one. All writes of the file go through one thread, so a count and an insert
// in one statement are one step.
import type { SqlRow } from './record-map.ts';
import { RUNS } from './records.ts';
import { type Statements, listParameters, quoted } from './statements.ts';

const TAKE = `INSERT INTO places (pipeline, concurrencyKey, runId)
  SELECT :pipeline, :key, :runId
  WHERE (SELECT count(*) FROM places WHERE pipeline = :pipeline AND concurrencyKey = :key) < :max
  ON CONFLICT DO NOTHING`;
const HAS = 'SELECT 1 FROM places WHERE pipeline = :pipeline AND concurrencyKey = :key AND runId = :runId';
const RELEASE = 'DELETE FROM places WHERE pipeline = :pipeline AND concurrencyKey = :key AND runId = :runId';
const HOLDERS = 'SELECT runId FROM places WHERE pipeline = :pipeline AND concurrencyKey = :key ORDER BY runId';
const ADMIT = `UPDATE runs SET needsPlace = 'false'
  WHERE id = :id AND state = 'queued' AND epoch = :epoch AND needsPlace = 'true'`;
const WAITING = `SELECT ${quoted(RUNS.columns)} FROM runs INDEXED BY runs_wanting
  WHERE state = 'queued' AND needsPlace = 'true' AND pipeline = :pipeline AND concurrencyKey = :key
  ORDER BY priority DESC, id LIMIT :limit`;
const NEXT_WANTED = `SELECT pipeline, concurrencyKey FROM runs INDEXED BY runs_wanting
  WHERE state = 'queued' AND needsPlace = 'true' AND (pipeline, concurrencyKey) > (:pipeline, :key)
  ORDER BY pipeline, concurrencyKey LIMIT 1`;
const NEXT_HELD = `SELECT pipeline, concurrencyKey FROM places
  WHERE (pipeline, concurrencyKey) > (:pipeline, :key) ORDER BY pipeline, concurrencyKey LIMIT 1`;

export class PlaceOperations {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  takePlace(pipeline: string, key: string, runId: string, max: number): boolean {
    return (
      this.#sql.run(TAKE, { pipeline, key, runId, max }) === 1 || this.#sql.one(HAS, { pipeline, key, runId }) !== null
    );
  }

  releasePlace(pipeline: string, key: string, runId: string): void {
    this.#sql.run(RELEASE, { pipeline, key, runId });
  }

  placeHolders(pipeline: string, key: string): string[] {
    return this.#sql.all(HOLDERS, { pipeline, key }).map((row) => String(row['runId']));
  }

  admitRun(id: string, epoch: number): boolean {
    return this.#sql.run(ADMIT, { id, epoch }) === 1;
  }

  listWaiting(pipeline: string, key: string, limit: number): SqlRow[] {
    return this.#sql.all(WAITING, { pipeline, key, limit });
  }

  listWanted(pipeline: string, key: string, limit: number): SqlRow[] {
    return this.#walk(NEXT_WANTED, { pipeline, concurrencyKey: key }, limit);
  }

  listHeld(pipeline: string, key: string, limit: number): (SqlRow & { runIds: string })[] {
    return this.#walk(NEXT_HELD, { pipeline, concurrencyKey: key }, limit).map((row) => ({
      ...row,
      runIds: JSON.stringify(this.placeHolders(String(row['pipeline']), String(row['concurrencyKey']))),
    }));
  }

  runStates(ids: readonly string[]): SqlRow[] {
    if (ids.length === 0) return [];
    const wanted = listParameters('id', ids);
    return this.#sql.all(`SELECT id, state FROM runs WHERE id IN (${wanted.text})`, wanted.row);
  }

  /** Distinct keys, each found by a look past the one before it. */
  #walk(text: string, start: SqlRow, limit: number): SqlRow[] {
    const found: SqlRow[] = [];
    let last = start;
    while (found.length < limit) {
      const next = this.#sql.one(text, { pipeline: last['pipeline'] ?? '', key: last['concurrencyKey'] ?? '' });
      if (next === null) break;
      found.push(next);
      last = next;
    }
    return found;
  }
}
