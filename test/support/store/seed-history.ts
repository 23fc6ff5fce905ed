// A store file with as many ended runs as wanted, each with an invocation, events, a payload and a log line, written by SQL in one transaction:
// a million takes minutes instead of hours. Ids are older than any that a program makes.
import { statSync } from 'node:fs';
import { openDatabase } from '../../../src/adapters/sqlite/open-database.ts';
import { INVOCATIONS, RUNS } from '../../../src/adapters/sqlite/records.ts';
import type { SqlRow } from '../../../src/adapters/sqlite/record-map.ts';
import { buildInvocation, buildRun } from './build-records.ts';

/** Runs are spread over these pipelines. */
export const SEEDED_PIPELINES = Array.from({ length: 10 }, (_, index) => `pipeline${String(index)}`);

const HOOKS = ['fetch', 'transform', 'check', 'publish', 'notify'].map((hook, index) => ({
  hook,
  state: 'succeeded' as const,
  startedAtMs: 1_000 + index,
  finishedAtMs: 1_001 + index,
}));

const SERIES = 'WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)';
const RUN_ID = "'run_' || printf('%026d', i)";
const STATE =
  "CASE WHEN i % 100 < 94 THEN 'succeeded' WHEN i % 100 < 98 THEN 'failed' WHEN i % 100 < 99 THEN 'cancelled' ELSE 'timed_out' END";

/** `INSERT INTO table … SELECT …` with the record's values, some of them made by SQL. */
function insertAll(table: string, row: SqlRow, made: Readonly<Record<string, string>>): string {
  const columns = Object.keys(row);
  const values = columns.map((column) => made[column] ?? `:${column}`);
  const names = columns.map((column) => `"${column}"`).join(', ');
  return `INSERT INTO ${table} (${names}) ${SERIES} SELECT ${values.join(', ')} FROM n`;
}

function rest(row: SqlRow, made: Readonly<Record<string, string>>): SqlRow {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !(column in made)));
}

/** Makes the file. @returns its size in bytes */
export function seedHistory(path: string, count: number): number {
  const database = openDatabase(path);
  try {
    const run = RUNS.encode(
      buildRun({ hooks: HOOKS, params: { customer: 4711, day: '2026-01-31' }, finishedAtMs: 2_000 }),
    );
    const runMade = { id: RUN_ID, pipeline: "'pipeline' || (i % 10)", state: STATE, part: 'i % 64', createdAtMs: 'i' };
    const invocation = INVOCATIONS.encode(buildInvocation(buildRun().id, { state: 'succeeded', finishedAtMs: 2_000 }));
    const invocationMade = { id: "'inv_' || printf('%026d', i)", runId: RUN_ID };
    database.exec('BEGIN IMMEDIATE');
    database.prepare(insertAll('runs', run, runMade)).run({ ...rest(run, runMade), count });
    database
      .prepare(insertAll('invocations', invocation, invocationMade))
      .run({ ...rest(invocation, invocationMade), count });
    database
      .prepare(
        `INSERT INTO events (runId, seq, atMs, kind, body) ${SERIES} SELECT ${RUN_ID}, 1, 1000, 'runFinished', '{}' FROM n`,
      )
      .run({ count });
    database
      .prepare(
        `INSERT INTO logs (runId, pipeline, hook, plugin, level, message, atMs)
          ${SERIES} SELECT ${RUN_ID}, 'default', 'fetch', 'sample', 'info', 'fetched 42 rows from the source', 1000 FROM n`,
      )
      .run({ count });
    database
      .prepare(
        `INSERT INTO payloads (runId, name, hash, sizeBytes) ${SERIES} SELECT ${RUN_ID}, 'data', 'hash', 24 FROM n`,
      )
      .run({ count });
    database.exec('COMMIT');
  } finally {
    database.close();
  }
  return statSync(path).size;
}
