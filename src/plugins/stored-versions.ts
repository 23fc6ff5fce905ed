// For a server without an engine: the versions that workers built and stored, found by what the folder's manifest says. Which bytes a worker
// built is not known here, nor is it needed: the server calls no plugin. Of several with one manifest the newest is the one that serves.
import { within } from '../core/deadline.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Store } from '../core/ports/store.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { VersionSource } from './catalog-options.ts';
import type { LoadedFolder } from './load-folder.ts';

export interface StoredVersionsOptions {
  readonly store: Pick<Store, 'listPluginVersions'>;
  readonly clock: Clock;
  /** of one call of the store */
  readonly callTimeoutMs: number;
}

export class StoredVersions implements VersionSource {
  readonly #options: StoredVersionsOptions;

  constructor(options: StoredVersionsOptions) {
    this.#options = options;
  }

  /** @throws GantryError PLUGIN_NOT_BUILT, STORE_* */
  async build({ plugin, config }: LoadedFolder, shown: string, signal: AbortSignal): Promise<PluginVersion> {
    const { store, clock, callTimeoutMs } = this.#options;
    const records = await within(clock, callTimeoutMs, signal, (inner) =>
      store.listPluginVersions(plugin.name, { signal: inner }),
    );
    const wanted = canonicalJson(plugin);
    const record = records.find(
      ({ manifest, imageRemovedAtMs }) => imageRemovedAtMs === null && canonicalJson(manifest) === wanted,
    );
    if (record === undefined)
      throw new GantryError('PLUGIN_NOT_BUILT', `no worker has built ${plugin.name} ${plugin.version} of ${shown} yet`);
    const { id, contentHash, imageId, imageTag } = record;
    return { id, plugin, contentHash, imageId, imageTag, command: [], env: [], workingDir: '', config };
  }
}
