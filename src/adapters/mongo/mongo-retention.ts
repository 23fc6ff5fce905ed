// Removal of old records as documents. What belongs to a run is found by the beginning of its id or by an index on the run's id; the run is
// marked first, then emptied, then removed, so that an interruption at any point leaves a marked run that the next sweep finds.
import type { Document } from 'mongodb';
import { formatId, type RunId } from '../../core/ids.ts';
import type {
  EndedQuery,
  EndedRun,
  OldLogsQuery,
  OldLogsRemoval,
  OldVersionsQuery,
  RunPartQuery,
  RunRemoval,
  Versioned,
} from '../../core/ports/retention.ts';
import { isTerminal, RUN_STATES, type RunState } from '../../core/run.ts';
import type { StoredDocument } from './document-map.ts';
import type { MongoWriter } from './mongo-writer.ts';

const NO_RANDOM = new Uint8Array(10);
const ENDED_STATES: readonly RunState[] = RUN_STATES.filter(isTerminal);

const NAMED = {
  runs: ['runs', 'pipeline'],
  plugin: ['pluginVersions', 'plugin'],
  pipeline: ['pipelineVersions', 'name'],
} as const;

/** Collections with documents of a run, with what finds them there. */
function belongings(runId: RunId): readonly (readonly [name: string, filter: Document])[] {
  // Ids of payloads and of their chunks begin with the JSON of [run, name]: what follows the run's id is a comma, and `-` comes after it.
  const payload = { _id: { $gte: `["${runId}",`, $lt: `["${runId}"-` } };
  return [
    ['logs', { runId }],
    ['events', { runId }],
    ['invocations', { runId }],
    ['payloadChunks', payload],
    ['payloads', payload],
  ];
}

function partsOf(runId: RunId, part: RunPartQuery['part']): readonly (readonly [name: string, filter: Document])[] {
  if (part === 'logs') return [['logs', { runId }]];
  // Names of payloads with artifacts begin so, and those of no others.
  const artifact = { _id: { $gte: `["${runId}","artifact`, $lt: `["${runId}","artifacu` } };
  return [
    ['payloads', artifact],
    ['payloadChunks', artifact],
  ];
}

export class MongoRetention {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async listNames(of: 'runs' | Versioned, after: string | null, limit: number): Promise<readonly string[]> {
    const [collection, field] = NAMED[of];
    const names: string[] = [];
    while (names.length < limit) {
      const query = { [field]: { $gt: names.at(-1) ?? after ?? '' } };
      const found = this.#writer.collection(collection).find(query, { projection: { [field]: 1 } });
      const [next] = await found
        .sort({ [field]: 1 })
        .limit(1)
        .toArray();
      if (next === undefined) break;
      names.push(String(next[field]));
    }
    return names;
  }

  async listEndedRuns({ pipeline, endedBeforeMs, after, limit }: EndedQuery): Promise<readonly EndedRun[]> {
    const ended: EndedRun[] = [];
    for (const state of ENDED_STATES) {
      const query = {
        pipeline,
        state,
        _id: { $gt: after ?? '', $lt: formatId('run', endedBeforeMs, NO_RANDOM) },
        finishedAtMs: { $lt: endedBeforeMs },
      };
      const projection = { state: 1, finishedAtMs: 1 };
      const found = this.#writer.collection('runs').find(query, { projection });
      for (const document of await found.sort({ _id: 1 }).limit(limit).toArray())
        ended.push({ id: document._id as RunId, state, finishedAtMs: Number(document['finishedAtMs']) });
    }
    return ended.sort((left, right) => (left.id < right.id ? -1 : 1)).slice(0, limit);
  }

  async removeRun(id: RunId, atMost: number): Promise<RunRemoval> {
    const runs = this.#writer.collection('runs');
    const run = await runs.findOne({ _id: id }, { projection: { state: 1, leaving: 1 } });
    if (run === null) return { state: 'gone', removed: 0 };
    if (!isTerminal(run['state'] as RunState)) return { state: 'kept', removed: 0 };
    if (run['leaving'] !== true) await this.#writer.update('runs', { _id: id }, { $set: { leaving: true } });
    let removed = 0;
    for (const [collection, filter] of belongings(id)) {
      if (removed < atMost) removed += await this.#removeSome(collection, filter, atMost - removed);
    }
    if (removed >= atMost) return { state: 'partly', removed };
    const { deletedCount } = await runs.deleteOne({ _id: id });
    return { state: 'gone', removed: removed + deletedCount };
  }

  async removePart({ runId, part, limit, isDryRun }: RunPartQuery): Promise<number> {
    let count = 0;
    for (const [name, filter] of partsOf(runId, part)) {
      if (count >= limit) break;
      count += isDryRun
        ? await this.#writer.collection(name).countDocuments(filter, { limit: limit - count })
        : await this.#removeSome(name, filter, limit - count);
    }
    return count;
  }

  async removeLogs({ beforeMs, afterSeq, limit, isDryRun }: OldLogsQuery): Promise<OldLogsRemoval> {
    const logs = this.#writer.collection('logs');
    const projection = { seq: 1, atMs: 1 };
    const seen = await logs
      .find({ seq: { $gt: afterSeq } }, { projection })
      .sort({ seq: 1 })
      .limit(limit)
      .toArray();
    const old = seen.filter((line) => Number(line['atMs']) < beforeMs).map(({ _id }) => _id);
    if (old.length > 0 && !isDryRun) await logs.deleteMany({ _id: { $in: old } });
    const next = old.length > 0 && seen.length === limit ? Number(seen.at(-1)?.['seq']) : null;
    return { removed: old.length, next };
  }

  async listOldVersions({ of, name, keep, createdBeforeMs, limit }: OldVersionsQuery): Promise<readonly string[]> {
    const [collection, field] = NAMED[of];
    const versions = this.#writer.collection(collection);
    const byAge = of === 'plugin' ? ({ createdAtMs: 1, _id: 1 } as const) : ({ seq: 1 } as const);
    const newestFirst = of === 'plugin' ? ({ createdAtMs: -1, _id: -1 } as const) : ({ seq: -1 } as const);
    const [lastKept] = await versions
      .find({ [field]: name }, { projection: { createdAtMs: 1, seq: 1 } })
      .sort(newestFirst)
      .skip(Math.max(1, keep) - 1)
      .limit(1)
      .toArray();
    if (lastKept === undefined) return [];
    const isUnused =
      of === 'plugin' ? { imageRemovedAtMs: { $type: 'number' } } : { seq: { $lt: Number(lastKept['seq']) } };
    const query = { [field]: name, createdAtMs: { $lt: createdBeforeMs }, ...isUnused };
    const old = await versions
      .find(query, { projection: { createdAtMs: 1 } })
      .sort(byAge)
      .limit(limit)
      .toArray();
    return old.filter((version) => of === 'pipeline' || isBefore(version, lastKept)).map(({ _id }) => _id);
  }

  async removeVersions(of: Versioned, ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const isUnused = of === 'plugin' ? { imageRemovedAtMs: { $type: 'number' } } : {};
    const versions = this.#writer.collection(NAMED[of][0]);
    const { deletedCount } = await versions.deleteMany({ _id: { $in: [...ids] }, ...isUnused });
    return deletedCount;
  }

  /** By their keys, since a deletion knows no limit. */
  async #removeSome(name: string, filter: Document, atMost: number): Promise<number> {
    const collection = this.#writer.collection(name);
    const found = await collection
      .find(filter, { projection: { _id: 1 } })
      .limit(atMost)
      .toArray();
    if (found.length === 0) return 0;
    const { deletedCount } = await collection.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
    return deletedCount;
  }
}

/** By age, then by id. */
function isBefore(version: StoredDocument, other: StoredDocument): boolean {
  const byAge = Number(version['createdAtMs']) - Number(other['createdAtMs']);
  return byAge < 0 || (byAge === 0 && version._id < other._id);
}
