// Claims in batches over the queue that is part of the runs' own documents. When little is queued one look sees it all; else the pipelines
// that have queued runs are found one by one, and of each the partitions are walked from a place that differs between programs and moves on
// with every claim: so claimers seldom want the same runs, and no partition is left out.
import { randomInt } from 'node:crypto';
import type { Document } from 'mongodb';
import { FairOrder, type QueuedRun } from '../../core/fair-order.ts';
import type { ClaimRequest } from '../../core/ports/store.ts';
import { RUN_PARTITIONS, type Run } from '../../core/run.ts';
import { RUNS } from './documents.ts';
import { isRefusal, mongoError } from './mongo-error.ts';
import { type MongoWriter, newToken } from './mongo-writer.ts';
import { endOf, laneOf, levelOf, partIn } from './queue-fields.ts';

/** Lost claims are tried again this often before the caller is told that there is nothing. */
const CLAIM_ATTEMPTS = 3;
/** Pipelines of one priority that are looked at in one claim; the next claim goes on behind them. */
const LANES_MAX = 16;
/** Runs in the first look; where fewer are queued, it sees all of them. */
const LOOK_MIN = 32;

export class MongoClaims {
  readonly #writer: MongoWriter;
  readonly #order = new FairOrder();
  #part = randomInt(RUN_PARTITIONS);
  /** the last lane of the latest look at more than can be looked at */
  #lastLane = '';

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  /** Two steps, since only single-document atomicity is there: mark those still queued with a token of our own, read back what was won. */
  async claimRuns(request: ClaimRequest): Promise<readonly Run[]> {
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt += 1) {
      const ids = [...(await this.#due(request))];
      const left = { ...request, limit: request.limit - ids.length };
      ids.push(...this.#order.pick(await this.#candidates(left), left.limit).map(({ id }) => id));
      if (ids.length === 0) return [];
      const won = await this.#mark(ids, request.worker);
      if (won.length > 0) return won.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    }
    return [];
  }

  /** Waiting runs whose time has come. */
  async #due({ pipelines, nowMs, limit }: ClaimRequest): Promise<readonly string[]> {
    if (pipelines.length === 0 || limit < 1) return [];
    const documents = await this.#runs
      .find({ w: { $in: [...pipelines] }, readyAtMs: { $lte: nowMs } }, { projection: { _id: 1 } })
      .sort({ readyAtMs: 1, _id: 1 })
      .limit(limit)
      .toArray();
    return documents.map(({ _id }) => _id);
  }

  async #candidates(request: ClaimRequest): Promise<readonly QueuedRun[]> {
    const { pipelines, limit } = request;
    if (pipelines.length === 0 || limit < 1) return [];
    const known = new Set(pipelines);
    const atMost = Math.max(limit, LOOK_MIN);
    const first = await this.#look({ $gt: '' }, request, atMost);
    if (first.length < atMost) return first.filter(({ pipeline }) => known.has(pipeline));
    this.#part = (this.#part + 1) % RUN_PARTITIONS;
    const found: QueuedRun[] = [];
    for (let from = ''; found.length < limit;) {
      const [head] = await this.#look({ $gte: from }, request, 1);
      if (head === undefined) break;
      const level = levelOf(head.priority);
      from = endOf(level);
      const lanes = await this.#lanes(level, known, request);
      found.push(...(await Promise.all(lanes.map((lane) => this.#inLane(lane, request)))).flat());
    }
    return found;
  }

  /** The known pipelines with queued runs of the priority, beginning behind those that the claim before looked at. */
  async #lanes(level: string, known: ReadonlySet<string>, request: ClaimRequest): Promise<readonly string[]> {
    const start = this.#lastLane.startsWith(level) ? endOf(this.#lastLane) : level;
    const lanes = await this.#lanesBetween(start, endOf(level), known, request, LANES_MAX);
    const rest = LANES_MAX - lanes.length;
    const wrapped = start === level ? [] : await this.#lanesBetween(level, start, known, request, rest);
    const all = [...lanes, ...wrapped];
    this.#lastLane = all.length < LANES_MAX ? '' : (all.at(-1) ?? '');
    return all;
  }

  async #lanesBetween(
    start: string,
    end: string,
    known: ReadonlySet<string>,
    request: ClaimRequest,
    atMost: number,
  ): Promise<readonly string[]> {
    const lanes: string[] = [];
    for (let from = start; lanes.length < atMost;) {
      const [head] = await this.#look({ $gte: from, $lt: end }, request, 1);
      if (head === undefined) break;
      const lane = laneOf(head.priority, head.pipeline);
      if (known.has(head.pipeline)) lanes.push(lane);
      from = endOf(lane);
    }
    return lanes;
  }

  async #inLane(lane: string, request: ClaimRequest): Promise<readonly QueuedRun[]> {
    const own = partIn(lane, this.#part);
    const found = await this.#look({ $gte: own, $lt: endOf(lane) }, request, request.limit);
    const rest = request.limit - found.length;
    return rest < 1 ? found : [...found, ...(await this.#look({ $gte: lane, $lt: own }, request, rest))];
  }

  async #look(q: Document, { nowMs }: ClaimRequest, limit: number): Promise<readonly QueuedRun[]> {
    const documents = await this.#runs
      .find({ q, readyAtMs: { $lte: nowMs } }, { projection: { pipeline: 1, priority: 1 } })
      .sort({ q: 1, _id: 1 })
      .limit(limit)
      .toArray();
    return documents.map(({ _id, pipeline, priority }) => ({
      id: _id,
      pipeline: String(pipeline),
      priority: Number(priority),
    }));
  }

  async #mark(ids: readonly string[], worker: string): Promise<Run[]> {
    const claimToken = newToken();
    const change = { $set: { state: 'running', worker, claimToken }, $inc: { epoch: 1 }, $unset: { q: '', w: '' } };
    try {
      await this.#runs.updateMany({ _id: { $in: [...ids] }, state: { $in: ['queued', 'waiting'] } }, change);
    } catch (error) {
      // The acknowledgement may be lost while runs were won: the token tells, so the answer below holds either way.
      if (isRefusal(error)) throw mongoError(error);
    }
    const won = await this.#runs.find({ _id: { $in: [...ids] }, claimToken }).toArray();
    return won.map((document) => RUNS.decode(document));
  }

  get #runs(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection('runs');
  }
}
