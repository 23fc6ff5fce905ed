// Versions as the store knows them, for a program without an engine: it can say whether a replay may ask for one, and calls none. The image is
// for the worker to find, whose run fails as documented when somebody removed it meanwhile.
import type { Plugin, PluginVersion } from '../core/plugin.ts';
import type { ChosenVersion, PluginVersions } from '../core/ports/plugin-versions.ts';
import type { PluginVersionRecord, Store, StoreOptions } from '../core/ports/store.ts';
import { meantById, meantByName, neverThere, notThere, type MeantVersion } from './version-names.ts';

export class RecordedVersions implements PluginVersions {
  readonly #store: Pick<Store, 'listPluginVersions'>;

  constructor(store: Pick<Store, 'listPluginVersions'>) {
    this.#store = store;
  }

  /** Nothing is held: who removes images asks the open runs which versions they name. */
  async choose(plugin: string, version: string, options: StoreOptions): Promise<ChosenVersion> {
    const chosen = await this.#newest(meantByName(plugin, version), options);
    return { version: chosen, [Symbol.dispose]: () => undefined };
  }

  async find(id: string, options: StoreOptions): Promise<PluginVersion> {
    return await this.#newest(meantById(id), options);
  }

  async #newest({ plugin, asked, isMeant }: MeantVersion, options: StoreOptions): Promise<PluginVersion> {
    const records = await this.#store.listPluginVersions(plugin, options);
    if (records.length === 0) throw neverThere(plugin);
    const there = records.filter(({ imageRemovedAtMs }) => imageRemovedAtMs === null);
    const meant = there.find(({ id }) => isMeant(id));
    if (meant !== undefined) return versionOf(meant);
    throw notThere(
      plugin,
      asked,
      records.some(({ id }) => isMeant(id)),
      there.map(({ id }) => id),
    );
  }
}

function versionOf({ id, manifest, contentHash, imageId, imageTag }: PluginVersionRecord): PluginVersion {
  const plugin = manifest as unknown as Plugin;
  return { id, plugin, contentHash, imageId, imageTag, command: [], env: [], workingDir: '', config: {} };
}
