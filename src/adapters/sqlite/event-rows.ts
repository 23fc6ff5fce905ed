// Events as rows: what is written of one run together stands in one row, since a row of its own for each of a run's seven events cost more
// than everything else of the run. A row holds the first event in its columns and the following ones, whose numbers go on, as one text.
import type { JsonValue } from '../../core/json.ts';
import type { StoredEvent } from '../../core/ports/store.ts';
import type { RunId } from '../../core/ids.ts';
import type { SqlRow, SqlValue } from './record-map.ts';

export const EVENT_COLUMNS = ['runId', 'seq', 'atMs', 'kind', 'body', 'count', 'rest'] as const;

/** Values of a row, in the order of EVENT_COLUMNS; `rest` is null when the row holds one event. */
export type EventRow = readonly [
  runId: string,
  seq: number,
  atMs: number,
  kind: string,
  body: string,
  count: number,
  rest: string | null,
];

type Follower = readonly [atMs: number, kind: StoredEvent['kind'], body: JsonValue];

/** A row for each stretch of events of one run whose numbers follow each other. */
export function encodeEvents(events: readonly StoredEvent[]): EventRow[] {
  const rows: EventRow[] = [];
  for (let from = 0; from < events.length;) {
    let to = from + 1;
    while (to < events.length && isNext(events[to - 1], events[to])) to += 1;
    const stretch = events.slice(from, to);
    const row = rowOf(stretch);
    if (row !== null) rows.push(row);
    from = to;
  }
  return rows;
}

function isNext(before: StoredEvent | undefined, event: StoredEvent | undefined): boolean {
  return before !== undefined && before.runId === event?.runId && before.seq + 1 === event.seq;
}

function rowOf([first, ...others]: readonly StoredEvent[]): EventRow | null {
  if (first === undefined) return null;
  const rest = others.map(({ atMs, kind, body }): Follower => [atMs, kind, body]);
  const { runId, seq, atMs, kind, body } = first;
  return [
    ...([runId, seq, atMs, kind, JSON.stringify(body), others.length + 1] as const),
    rest.length === 0 ? null : JSON.stringify(rest),
  ];
}

/** The events of rows. */
export function decodeEvents(rows: readonly SqlRow[]): StoredEvent[] {
  return rows.flatMap((row) => {
    const runId = String(row['runId']) as RunId;
    const seq = Number(row['seq']);
    const rest = row['rest'] ?? null;
    const followers = rest === null ? [] : (JSON.parse(textOf(rest)) as readonly Follower[]);
    const first: Follower = [
      Number(row['atMs']),
      String(row['kind']) as StoredEvent['kind'],
      JSON.parse(textOf(row['body'])) as JsonValue,
    ];
    return [first, ...followers].map(([atMs, kind, body], index) => ({ runId, seq: seq + index, atMs, kind, body }));
  });
}

function textOf(value: SqlValue | undefined): string {
  return typeof value === 'string' ? value : 'null';
}

/** A row as a list of rows with one event each. */
export function singleRows([runId, seq, atMs, kind, body, count, rest]: EventRow): EventRow[] {
  const row: SqlRow = { runId, seq, atMs, kind, body, count, rest };
  return decodeEvents([row]).flatMap((event) => encodeEvents([event]));
}
