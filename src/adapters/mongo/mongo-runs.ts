// Runs as documents. `q` is the pipeline's name while a run is queued and absent otherwise: the queue is an index over the runs themselves.
// So is `w` while a run is waiting.
import type { Document } from 'mongodb';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { RunId } from '../../core/ids.ts';
import type {
  ClaimRequest,
  InsertResult,
  Page,
  PageRequest,
  RunChanges,
  RunFilter,
  RunGuard,
} from '../../core/ports/store.ts';
import type { Run, RunState } from '../../core/run.ts';
import { RUNS } from './documents.ts';
import { type MongoWriter, newToken } from './mongo-writer.ts';
import { isRefusal, mongoError } from './mongo-error.ts';

const FIXED_FIELDS = ['id', 'part', 'pipeline', 'createdAtMs', 'idempotencyKey'] as const;

/** Lost claims are tried again this often before the caller is told that there is nothing. */
const CLAIM_ATTEMPTS = 3;

function uniqueKey(pipeline: string, key: string | null, id: string): string {
  return key === null ? `id:${id}` : `key:${JSON.stringify([pipeline, key])}`;
}

function filterOf({ states, pipeline }: RunFilter): Document {
  return {
    ...(states === undefined ? {} : { state: { $in: [...states] } }),
    ...(pipeline === undefined ? {} : { pipeline }),
  };
}

/** What of a run's pipeline the indexes of queued and of waiting runs see. */
function marksOf(state: RunState, pipeline: string): Document {
  if (state === 'queued') return { q: pipeline };
  return state === 'waiting' ? { w: pipeline } : {};
}

export class MongoRuns {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async insertRun(run: Run): Promise<InsertResult> {
    const key = uniqueKey(run.pipeline, run.idempotencyKey, run.id);
    const marks = marksOf(run.state, run.pipeline);
    const outcome = await this.#writer.insert('runs', { _id: run.id, ...RUNS.encode(run), ...marks, uniqueKey: key });
    if (outcome === 'inserted') return { kind: 'inserted' };
    const standing = (await this.#findBy({ uniqueKey: key })) ?? (await this.#findBy({ _id: run.id }));
    if (standing === null) throw new GantryError('STORE_FAILED', `store: what run ${run.id} clashed with has vanished`);
    return { kind: 'exists', run: standing };
  }

  async findRun(id: RunId): Promise<Run | null> {
    return await this.#findBy({ _id: id });
  }

  async findRunByKey(pipeline: string, key: string): Promise<Run | null> {
    return await this.#findBy({ uniqueKey: uniqueKey(pipeline, key, '') });
  }

  async updateRun(id: RunId, guard: RunGuard, changes: RunChanges): Promise<boolean> {
    const filter: Document & { _id: string } = { _id: id, state: { $in: [...guard.states] } };
    if (guard.epoch !== undefined) filter['epoch'] = guard.epoch;
    if (guard.worker !== undefined) filter['worker'] = guard.worker;
    const set = RUNS.encodeChanges(changes, FIXED_FIELDS);
    if (guard.readyAtMs !== undefined) filter['readyAtMs'] = guard.readyAtMs;
    const { state } = changes;
    if (state === undefined) return await this.#writer.update('runs', filter, { $set: set });
    if (state !== 'queued' && state !== 'waiting')
      return await this.#writer.update('runs', filter, { $set: set, $unset: { q: '', w: '' } });
    const standing = await this.#runs.findOne({ _id: id }, { projection: { pipeline: 1 } });
    if (standing === null) return false;
    const $set = { ...set, ...marksOf(state, String(standing['pipeline'])) };
    return await this.#writer.update('runs', filter, { $set, $unset: state === 'queued' ? { w: '' } : { q: '' } });
  }

  /** Two steps, since only single-document atomicity is there: mark those still queued with a token of our own, read back what was won. */
  async claimRuns(request: ClaimRequest): Promise<readonly Run[]> {
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt += 1) {
      const ids = [...(await this.#due(request))];
      ids.push(...(await this.#candidates({ ...request, limit: request.limit - ids.length })));
      if (ids.length === 0) return [];
      const won = await this.#mark(ids, request.worker);
      if (won.length > 0) return won.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    }
    return [];
  }

  async listRuns(filter: RunFilter, { limit, after }: PageRequest): Promise<Page<Run>> {
    const before = after === undefined ? {} : { _id: { $lt: after } };
    const query = { ...filterOf(filter), ...before };
    const documents = await this.#runs
      .find(query)
      .sort({ _id: -1 })
      .limit(limit + 1)
      .toArray();
    const items = documents.slice(0, limit).map((document) => RUNS.decode(document));
    return { items, next: documents.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  async listOpenRuns(): Promise<readonly Run[]> {
    const open = { state: { $in: ['queued', 'running', 'waiting'] } };
    const documents = await this.#runs.find(open).sort({ _id: 1 }).toArray();
    return documents.map((document) => RUNS.decode(document));
  }

  async countQueued(pipeline: string, atMost: number): Promise<number> {
    return atMost < 1 ? 0 : await this.#runs.countDocuments({ q: pipeline }, { limit: atMost });
  }

  async countRuns(filter: RunFilter): Promise<number> {
    return await this.#runs.countDocuments(filterOf(filter));
  }

  get #runs(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection('runs');
  }

  async #findBy(filter: Document): Promise<Run | null> {
    const document = await this.#runs.findOne(filter);
    return document === null ? null : RUNS.decode(document);
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

  async #candidates({ pipelines, nowMs, limit }: ClaimRequest): Promise<readonly string[]> {
    if (pipelines.length === 0 || limit < 1) return [];
    const documents = await this.#runs
      .find({ q: { $in: [...pipelines] }, readyAtMs: { $lte: nowMs } }, { projection: { _id: 1 } })
      .sort({ priority: -1, _id: 1 })
      .limit(limit)
      .toArray();
    return documents.map(({ _id }) => _id);
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
}
