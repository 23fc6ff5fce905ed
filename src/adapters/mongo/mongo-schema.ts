// Indexes and the schema's version. The queue's index holds queued runs only as far as their `q` goes (that of waiting runs, their `w`): it is
// unset with the state, so that finished runs cost a claim nothing.
import type { Db, IndexDescription } from 'mongodb';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { StoredDocument } from './document-map.ts';

export const SCHEMA_VERSION = 1;

/** Beside the index on `_id` that every collection has. */
export const INDEXES: Readonly<Record<string, readonly IndexDescription[]>> = {
  runs: [
    { name: 'uniqueKey', key: { uniqueKey: 1 }, unique: true },
    { name: 'queue', key: { q: 1, priority: -1, _id: 1, readyAtMs: 1 } },
    { name: 'waiting', key: { w: 1, readyAtMs: 1, _id: 1 } },
    { name: 'state', key: { state: 1, _id: -1 } },
    { name: 'pipeline', key: { pipeline: 1, _id: -1 } },
    { name: 'pipelineState', key: { pipeline: 1, state: 1, _id: -1 } },
  ],
  invocations: [{ name: 'run', key: { runId: 1, createdAtMs: 1, _id: 1 } }],
  events: [{ name: 'run', key: { runId: 1, seq: 1 } }],
  logs: [
    { name: 'seq', key: { seq: 1 } },
    { name: 'run', key: { runId: 1, seq: 1 } },
    { name: 'plugin', key: { plugin: 1, seq: 1 } },
  ],
  pluginVersions: [{ name: 'plugin', key: { plugin: 1, createdAtMs: -1, _id: -1 } }],
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
  await facts.updateOne({ _id: 'schema' }, { $set: { version: SCHEMA_VERSION } }, { upsert: true });
}
