// The queue in SQL: which runs are claimed next, and how many wait. Claims walk one index from pipeline to pipeline and read of each no
// more than may be claimed, so neither history nor the length of one pipeline's queue costs anything.
import { FairOrder, type QueuedRun } from '../../core/fair-order.ts';
import type { SqlRow } from './record-map.ts';
import { RUNS } from './records.ts';
import { type Statements, quoted } from './statements.ts';

export interface ClaimOrder {
  readonly worker: string;
  readonly limit: number;
  readonly nowMs: number;
  readonly pipelines: readonly string[];
}

const NEXT_PIPELINE = `SELECT pipeline FROM runs INDEXED BY runs_queue
  WHERE state = 'queued' AND needsPlace = 'false' AND pipeline > :after ORDER BY pipeline LIMIT 1`;
const CANDIDATES = `SELECT id, pipeline, priority FROM runs INDEXED BY runs_queue
  WHERE state = 'queued' AND needsPlace = 'false' AND pipeline = :pipeline AND readyAtMs <= :nowMs
  ORDER BY priority DESC, id LIMIT :limit`;
const DUE = `SELECT id, readyAtMs FROM runs INDEXED BY runs_waiting
  WHERE state = 'waiting' AND pipeline = :pipeline AND readyAtMs <= :nowMs ORDER BY readyAtMs, id LIMIT :limit`;
const CLAIM = `UPDATE runs SET state = 'running', worker = :worker, epoch = epoch + 1
  WHERE id = :id AND state IN ('queued', 'waiting') RETURNING ${quoted(RUNS.columns)}`;
const COUNT_QUEUED = `SELECT count(*) AS count FROM
  (SELECT 1 FROM runs INDEXED BY runs_pipeline_state WHERE state = 'queued' AND pipeline = :pipeline LIMIT :atMost)`;

export class ClaimOperations {
  readonly #sql: Statements;
  readonly #order = new FairOrder();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  claimRuns(order: ClaimOrder): SqlRow[] {
    const due = this.#due(order);
    const queued = this.#queued({ ...order, limit: order.limit - due.length });
    return [...due, ...queued].flatMap((id) => this.#sql.all(CLAIM, { worker: order.worker, id }));
  }

  countQueued(pipeline: string, atMost: number): number {
    return Number(this.#sql.one(COUNT_QUEUED, { pipeline, atMost })?.['count'] ?? 0);
  }

  /** Waiting runs whose time has come. */
  #due({ limit, nowMs, pipelines }: ClaimOrder): string[] {
    return [...new Set(pipelines)]
      .flatMap((pipeline) => this.#sql.all(DUE, { pipeline, nowMs, limit }))
      .sort((a, b) => Number(a['readyAtMs']) - Number(b['readyAtMs']) || (String(a['id']) < String(b['id']) ? -1 : 1))
      .slice(0, limit)
      .map((row) => String(row['id']));
  }

  #queued({ limit, nowMs, pipelines }: ClaimOrder): string[] {
    if (limit < 1) return [];
    const known = new Set(pipelines);
    const candidates = this.#busyPipelines()
      .filter((pipeline) => known.has(pipeline))
      .flatMap((pipeline) => this.#sql.all(CANDIDATES, { pipeline, nowMs, limit }))
      .map((row) => row as unknown as QueuedRun);
    return this.#order.pick(candidates, limit).map(({ id }) => id);
  }

  /** Those with queued runs, each found by a look past the one before it. */
  #busyPipelines(): string[] {
    const found: string[] = [];
    for (let after = ''; ; after = found.at(-1) ?? '') {
      const next = this.#sql.one(NEXT_PIPELINE, { after });
      if (next === null) return found;
      found.push(String(next['pipeline']));
    }
  }
}
