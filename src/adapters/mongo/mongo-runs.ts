// Runs as documents: insert, guarded update, pages, counts. The queue is an index over fields of the runs themselves (queue-fields.ts).
import type { Document } from 'mongodb';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { RunId } from '../../core/ids.ts';
import type { InsertResult, Page, PageRequest, RunChanges, RunFilter, RunGuard } from '../../core/ports/store.ts';
import { isTerminal, type Run, type RunState, type Told } from '../../core/run.ts';
import { RUNS } from './documents.ts';
import type { MongoWriter } from './mongo-writer.ts';
import { MARKS, queueFields, type Queued } from './queue-fields.ts';

/** What the place in the queue depends on. */
const QUEUED = { pipeline: 1, priority: 1, part: 1, concurrencyKey: 1, needsPlace: 1 } as const;

/** Behind every id. */
const LAST_ID = '~';

const FIXED_FIELDS = ['id', 'part', 'pipeline', 'createdAtMs', 'idempotencyKey'] as const;

function uniqueKey(pipeline: string, key: string | null, id: string): string {
  return key === null ? `id:${id}` : `key:${JSON.stringify([pipeline, key])}`;
}

function filterOf({ states, pipeline, madeFrom }: RunFilter): Document {
  return {
    ...(madeFrom === undefined ? {} : { madeFrom }),
    ...(states === undefined ? {} : { state: { $in: [...states] } }),
    ...(pipeline === undefined ? {} : { pipeline }),
  };
}

/** Runs of earlier releases have no decisions. */
function toldFilter({ decisions, cancelRequestedAtMs }: Told): Document {
  const text = JSON.stringify(decisions);
  return { cancelRequestedAtMs, decisions: decisions.length === 0 ? { $in: [text, null] } : text };
}

function isMarked(state: RunState): boolean {
  return state === 'queued' || state === 'waiting';
}

export class MongoRuns {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async insertRun(run: Run): Promise<InsertResult> {
    const key = uniqueKey(run.pipeline, run.idempotencyKey, run.id);
    const marks = queueFields(run);
    const lineage = run.lineage === null ? {} : { madeFrom: run.lineage.runId };
    const child = run.lineage?.kind === 'run' && !isTerminal(run.state) ? { c: run.id } : {};
    const document = { _id: run.id, ...RUNS.encode(run), ...marks, ...lineage, ...child, uniqueKey: key };
    const outcome = await this.#writer.insert('runs', document);
    if (outcome === 'inserted') return { kind: 'inserted' };
    const standing = (await this.#findBy({ uniqueKey: key })) ?? (await this.#findBy({ _id: run.id }));
    if (standing === null) throw new GantryError('STORE_FAILED', `store: what run ${run.id} clashed with has vanished`);
    return { kind: 'exists', run: standing };
  }

  async findRun(id: RunId): Promise<Run | null> {
    const document = await this.#runs.findOne({ _id: id });
    return document === null || document['leaving'] === true ? null : RUNS.decode(document);
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
    if (guard.told !== undefined) Object.assign(filter, toldFilter(guard.told));
    const { state } = changes;
    if (state === undefined) return await this.#writer.update('runs', filter, { $set: set });
    const standing = isMarked(state) ? await this.#runs.findOne({ _id: id }, { projection: QUEUED }) : null;
    if (isMarked(state) && standing === null) return false;
    const marks = queueFields({ ...(standing as unknown as Queued), ...changes, state });
    const gone = [...MARKS.filter((mark) => !Object.hasOwn(marks, mark)), ...(isTerminal(state) ? ['c'] : [])];
    const $unset = Object.fromEntries(gone.map((mark) => [mark, '']));
    return await this.#writer.update('runs', filter, { $set: { ...set, ...marks }, $unset });
  }

  async listRuns(filter: RunFilter, { limit, after }: PageRequest): Promise<Page<Run>> {
    // An open child has its own id as `c`: a short index, in the same order.
    const field = filter.isOpenChild === true ? 'c' : '_id';
    const before = field === 'c' || after !== undefined ? { [field]: { $lt: after ?? LAST_ID } } : {};
    const query = { ...filterOf(filter), ...before };
    const documents = await this.#runs
      .find(query)
      .sort({ [field]: -1 })
      .limit(limit + 1)
      .toArray();
    const items = documents.slice(0, limit).map((document) => RUNS.decode(document));
    return { items, next: documents.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  async countQueued(pipeline: string, atMost: number): Promise<number> {
    return atMost < 1 ? 0 : await this.#runs.countDocuments({ pipeline, state: 'queued' }, { limit: atMost });
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
}
