// What a server without an engine takes for the version of a folder: the newest that a worker built with this manifest.
import { expect, it } from 'vitest';
import type { JsonValue } from '../../../src/core/json.ts';
import type { LoadedFolder } from '../../../src/plugins/load-folder.ts';
import { StoredVersions } from '../../../src/plugins/stored-versions.ts';
import { makePluginFrom, manifestText } from '../../support/plugins/make-version.ts';
import { patient, testClock } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

const { signal } = patient();
const plugin = makePluginFrom(manifestText());

const NO_PLACES: LoadedFolder['places'] = Object.assign(new Map(), {
  problem: (): never => {
    throw new Error('no problem is looked for');
  },
});

function folder(changes: Partial<LoadedFolder['plugin']> = {}): LoadedFolder {
  return { plugin: { ...plugin, ...changes }, entries: [], config: { size: 2 }, warnings: [], places: NO_PLACES };
}

async function put(store: MemoryStore, hash: string, imageRemovedAtMs: number | null = null): Promise<void> {
  await store.putPluginVersion(
    {
      ...{
        id: `sample@1.0.0+${hash}`,
        plugin: 'sample',
        contentHash: hash,
        imageId: 'sha256:1',
        imageTag: `t:${hash}`,
      },
      manifest: JSON.parse(JSON.stringify(plugin)) as JsonValue,
      ...{ createdAtMs: Number.parseInt(hash, 16), lastUsedAtMs: null, imageRemovedAtMs, said: null },
    },
    patient(),
  );
}

it('is the newest stored version with the manifest of the folder whose image stands, with the settings of here', async () => {
  const store = new MemoryStore();
  const versions = new StoredVersions({ store, clock: testClock, callTimeoutMs: 30_000 });
  await put(store, '1');
  await put(store, '2');
  await put(store, '3', 9);
  expect(await versions.build(folder(), 'plugins/sample', signal)).toMatchObject({
    ...{ id: 'sample@1.0.0+2', imageTag: 't:2', config: { size: 2 }, plugin },
  });
});

it('is PLUGIN_NOT_BUILT as long as no worker has built the folder as it stands', async () => {
  const store = new MemoryStore();
  const versions = new StoredVersions({ store, clock: testClock, callTimeoutMs: 30_000 });
  const refused = { code: 'PLUGIN_NOT_BUILT', message: 'no worker has built sample 1.0.0 of plugins/sample yet' };
  await expect(versions.build(folder(), 'plugins/sample', signal)).rejects.toMatchObject(refused);
  await put(store, '1');
  await expect(versions.build(folder({ order: 7 }), 'plugins/sample', signal)).rejects.toMatchObject(refused);
});
