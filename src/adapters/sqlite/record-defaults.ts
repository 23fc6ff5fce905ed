// A write that an earlier release left in the journal: what its records lack is what the migrations give to rows of that age.
import type { Invocation } from '../../core/invocation.ts';
import type { StoreWrite } from '../../core/ports/store.ts';
import type { Run } from '../../core/run.ts';
import { INVOCATIONS, RUNS } from './records.ts';
import type { RecordMap, SqlRow, SqlValue } from './record-map.ts';
import type { Statements } from './statements.ts';

export function completed(write: StoreWrite, sql: Statements): StoreWrite {
  if (write.kind === 'insertRun') return { ...write, run: { ...defaultsOf<Run>(RUNS, sql), ...write.run } };
  if (write.kind !== 'insertInvocation') return write;
  return { ...write, invocation: { ...defaultsOf<Invocation>(INVOCATIONS, sql), ...write.invocation } };
}

function defaultsOf<T extends object>(map: RecordMap<T>, sql: Statements): T {
  const row: SqlRow = {};
  for (const { name, dflt_value: literal } of sql.all(`PRAGMA table_info(${map.table})`))
    if (map.columns.includes(String(name))) row[String(name)] = valueOf(literal ?? null, sql);
  return map.decode(row);
}

/** @param literal as it stands in the schema, in SQL */
function valueOf(literal: SqlValue, sql: Statements): SqlValue {
  return literal === null ? null : (sql.one(`SELECT ${String(literal)} AS value`)?.['value'] ?? null);
}
