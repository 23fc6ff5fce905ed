// Versions of plugins and pipelines, and the workers, as documents.
import type { Clock } from '../../core/ports/clock.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { WorkerId } from '../../core/ids.ts';
import type {
  PipelineVersionRecord,
  PluginVersionChanges,
  PluginVersionRecord,
  WorkerRecord,
} from '../../core/ports/store.ts';
import { PIPELINE_VERSIONS, PLUGIN_VERSIONS } from './documents.ts';
import type { MongoWriter } from './mongo-writer.ts';
import { beatOf } from './worker-beat.ts';

/** Another process may take the next number first; then the newest is looked at again. */
const NUMBERING_ATTEMPTS = 5;

export class MongoCatalog {
  readonly #writer: MongoWriter;

  constructor(writer: MongoWriter) {
    this.#writer = writer;
  }

  async putPluginVersion(record: PluginVersionRecord): Promise<void> {
    await this.#writer.insert('pluginVersions', { _id: record.id, ...PLUGIN_VERSIONS.encode(record) });
  }

  async updatePluginVersion(id: string, changes: PluginVersionChanges): Promise<boolean> {
    return await this.#writer.update('pluginVersions', { _id: id }, { $set: PLUGIN_VERSIONS.encode(changes) });
  }

  async listPluginVersions(plugin: string): Promise<readonly PluginVersionRecord[]> {
    const versions = this.#writer.collection('pluginVersions');
    const found = await versions.find({ plugin }).sort({ createdAtMs: -1, _id: -1 }).toArray();
    return found.map((document) => PLUGIN_VERSIONS.decode(document));
  }

  async putPipelineVersion(record: PipelineVersionRecord): Promise<boolean> {
    for (let attempt = 0; attempt < NUMBERING_ATTEMPTS; attempt += 1) {
      const [newest] = await this.#versions.find({ name: record.name }).sort({ seq: -1 }).limit(1).toArray();
      if (newest?.['version'] === record.version) return false;
      const seq = Number(newest?.['seq'] ?? 0) + 1;
      const document = { _id: JSON.stringify([record.name, seq]), ...PIPELINE_VERSIONS.encode(record), seq };
      if ((await this.#writer.insert('pipelineVersions', document)) === 'inserted') return true;
    }
    throw new GantryError(
      'STORE_UNAVAILABLE',
      `store: pipeline ${record.name} is changed from too many places at once`,
    );
  }

  async listPipelineVersions(name: string): Promise<readonly PipelineVersionRecord[]> {
    const found = await this.#versions.find({ name }).sort({ seq: -1 }).toArray();
    return found.map((document) => PIPELINE_VERSIONS.decode(document));
  }

  async putWorker({ id, startedAtMs }: WorkerRecord): Promise<void> {
    await this.#workers.updateOne({ _id: id }, beatOf(startedAtMs), { upsert: true });
  }

  /** Beats are kept by the server's clock, and told by the caller's: whatever its own says, a beat is as old as it is. */
  async listWorkers(clock: Pick<Clock, 'nowMs'>): Promise<readonly WorkerRecord[]> {
    const found = await this.#workers.find({}).sort({ _id: 1 }).toArray();
    const { localTime } = await this.#workers.db.admin().command({ hello: 1 });
    const aheadMs = clock.nowMs() - (localTime as Date).getTime();
    return found.map(({ _id, startedAtMs, beatAt }) => ({
      id: _id as WorkerId,
      startedAtMs: Number(startedAtMs),
      beatAtMs: beatAt instanceof Date ? beatAt.getTime() + aheadMs : 0,
    }));
  }

  async removeWorker(id: WorkerId): Promise<void> {
    await this.#workers.deleteOne({ _id: id });
  }

  async ping(): Promise<void> {
    await this.#writer.collection('facts').updateOne({ _id: 'ping' }, { $inc: { count: 1 } }, { upsert: true });
  }

  get #workers(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection('workers');
  }

  get #versions(): ReturnType<MongoWriter['collection']> {
    return this.#writer.collection('pipelineVersions');
  }
}
