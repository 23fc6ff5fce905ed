// Where a run stands that is to be claimed, as fields of its own document: `q` while it may be, `p` while it waits for a place of its
// concurrency key, `w` while it is waiting; none at its end, so that finished runs are in none of their indexes.
//   q = <priority, highest first>:<pipeline>:<partition>        p = ["<pipeline>","<key>"]        w = <pipeline>
import type { Document } from 'mongodb';
import { RUN_PARTITIONS, type Run } from '../../core/run.ts';
import type { PlaceKey } from '../../core/ports/place-store.ts';

export const MARKS = ['q', 'p', 'w'] as const;

export type Queued = Pick<Run, 'state' | 'pipeline' | 'priority' | 'part' | 'concurrencyKey' | 'needsPlace'>;

const ZERO_PRIORITY = 5_000;

/** The queue of one pipeline at one priority. Queues of a higher priority come first by their text. */
export function laneOf(priority: number, pipeline: string): string {
  return `${levelOf(priority)}${pipeline}:`;
}

/** What the queues of one priority begin with. */
export function levelOf(priority: number): string {
  return `${String(ZERO_PRIORITY - priority).padStart(5, '0')}:`;
}

/** The first text behind all that begin with the given one, which ends in a colon. */
export function endOf(prefix: string): string {
  return `${prefix.slice(0, -1)};`;
}

export function partIn(lane: string, part: number): string {
  return `${lane}${String(part % RUN_PARTITIONS).padStart(2, '0')}`;
}

export function wantedPlace({ pipeline, key }: PlaceKey): string {
  return JSON.stringify([pipeline, key]);
}

/** The fields of a run in its state. */
export function queueFields(run: Queued): Document {
  const { state, pipeline, priority, part, concurrencyKey, needsPlace } = run;
  if (state === 'waiting') return { w: pipeline };
  if (state !== 'queued') return {};
  return needsPlace && concurrencyKey !== null
    ? { p: wantedPlace({ pipeline, key: concurrencyKey }) }
    : { q: partIn(laneOf(priority, pipeline), part) };
}
