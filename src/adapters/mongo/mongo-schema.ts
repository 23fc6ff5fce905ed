// Indexes and the schema's version. The queue's index holds queued runs only as far as their `q` goes (that of waiting runs, their `w`): it is
// unset with the state, so that finished runs cost a claim nothing.
import type { Db, IndexDescription } from 'mongodb';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { StoredDocument } from './document-map.ts';
import { queueFields, type Queued } from './queue-fields.ts';

export const SCHEMA_VERSION = 2;

/** Beside the index on `_id` that every collection has. */
export const INDEXES: Readonly<Record<string, readonly IndexDescription[]>> = {
  runs: [
    { name: 'uniqueKey', key: { uniqueKey: 1 }, unique: true },
    { name: 'claim', key: { q: 1, _id: 1, readyAtMs: 1 } },
    { name: 'waiting', key: { w: 1, readyAtMs: 1, _id: 1 } },
    { name: 'wanting', key: { p: 1, priority: -1, _id: 1 } },
    { name: 'state', key: { state: 1, _id: -1 } },
    { name: 'pipeline', key: { pipeline: 1, _id: -1 } },
    { name: 'pipelineState', key: { pipeline: 1, state: 1, _id: -1 } },
    { name: 'madeFrom', key: { madeFrom: 1, _id: -1 } },
    { name: 'openChild', key: { c: -1 } },
  ],
  invocations: [{ name: 'run', key: { runId: 1, createdAtMs: 1, _id: 1 } }],
  events: [{ name: 'run', key: { runId: 1, seq: 1 } }],
  logs: [
    { name: 'seq', key: { seq: 1 } },
    { name: 'run', key: { runId: 1, seq: 1 } },
    { name: 'plugin', key: { plugin: 1, seq: 1 } },
  ],
  pluginVersions: [{ name: 'plugin', key: { plugin: 1, createdAtMs: -1, _id: -1 } }],
  artifactBlobs: [{ name: 'pending', key: { pendingSinceMs: 1 } }],
  artifactHolders: [
    { name: 'content', key: { sha256: 1, leavingSinceMs: 1 } },
    { name: 'leaving', key: { leavingSinceMs: 1 } },
  ],
  pluginState: [{ name: 'plugin', key: { plugin: 1, key: 1 } }],
  pipelineVersions: [{ name: 'name', key: { name: 1, seq: -1 } }],
};

/** @throws GantryError STORE_SCHEMA_NEWER; errors of the driver as they are */
export async function prepareSchema(database: Db): Promise<void> {
  const facts = database.collection<StoredDocument>('facts');
  const found = Number((await facts.findOne({ _id: 'schema' }))?.['version'] ?? 0);
  if (found > SCHEMA_VERSION) {
    throw new GantryError(
      'STORE_SCHEMA_NEWER',
      `the store has schema version ${found}, this release knows ${SCHEMA_VERSION}`,
    );
  }
  // One index per command: FerretDB drops the connection when some of several exist already.
  for (const [name, indexes] of Object.entries(INDEXES)) {
    for (const index of indexes) await database.collection(name).createIndexes([index]);
  }
  if (found === 1) await moveQueue(database);
  await facts.updateOne({ _id: 'schema' }, { $set: { version: SCHEMA_VERSION } }, { upsert: true });
}

/** In the first version `q` was the pipeline's name alone. */
async function moveQueue(database: Db): Promise<void> {
  const runs = database.collection<StoredDocument>('runs');
  const queued = await runs.find({ state: 'queued' }).project({ pipeline: 1, priority: 1, part: 1 }).toArray();
  for (const run of queued) {
    const fields = queueFields({ ...(run as Queued), state: 'queued', concurrencyKey: null, needsPlace: false });
    await runs.updateOne({ _id: String(run['_id']), state: 'queued' }, { $set: fields });
  }
}
