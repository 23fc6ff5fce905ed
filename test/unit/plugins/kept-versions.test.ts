// Versions that were replaced, made usable again: which one is meant, what is refused, and that none is removed meanwhile.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { referenceOf } from '../../../src/plugins/image/plan-image.ts';
import { KeptVersions } from '../../../src/plugins/kept-versions.ts';
import { RecordedVersions } from '../../../src/plugins/recorded-versions.ts';
import { SweepWorld } from '../../support/retention/sweep-world.ts';
import { patient } from '../../support/store/build-records.ts';

const [OLD, NEW] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'];

async function open(
  settingsFolder: string | null = null,
): Promise<{ readonly world: SweepWorld; readonly versions: KeptVersions }> {
  const world = new SweepWorld();
  await world.version(OLD, 9);
  await world.version(NEW, 8);
  world.serving = [await world.version('cccccccccccc', 7)];
  const { engine, store, clock, claims } = world;
  const versions = new KeptVersions({
    ...{ engine, store, clock, claims, instanceId: 'ours', settingsFolder, callTimeoutMs: 30_000 },
    serving: () => world.serving,
  });
  return { world, versions };
}

it('finds a version by its semver, then the one that serves, or by its whole name', async () => {
  const { world, versions } = await open();
  using current = await versions.choose('sample', '1.0.0', patient());
  expect(current.version).toBe(world.serving[0]);
  world.serving = [];
  const newest = await versions.find('sample@1.0.0+cccccccccccc', patient());
  expect(newest).toMatchObject({
    id: 'sample@1.0.0+cccccccccccc',
    command: ['sh', '/plugin/main.sh'],
    config: {},
  });
  using old = await versions.choose('sample', `1.0.0+${OLD}`, patient());
  const image = world.engine.images.find(`gantry/plugin-sample:${OLD}`);
  expect(old.version).toMatchObject({ id: `sample@1.0.0+${OLD}`, imageId: image?.id, plugin: { pool: { min: 0 } } });
});

it('says which versions there are when one is not known or its image is gone', async () => {
  const { world, versions } = await open();
  world.engine.images.remove(`gantry/plugin-sample:${NEW}`);
  await world.store.updatePluginVersion(`sample@1.0.0+${NEW}`, { imageRemovedAtMs: 1 }, patient());
  await expect(versions.choose('sample', '2.0.0', patient())).rejects.toMatchObject({
    code: 'PLUGIN_VERSION_NOT_FOUND',
    message: `sample has no version "2.0.0"; there are 1.0.0+cccccccccccc, 1.0.0+${OLD}`,
  });
  await expect(versions.choose('sample', `1.0.0+${NEW}`, patient())).rejects.toMatchObject({
    code: 'PLUGIN_VERSION_REMOVED',
    message: expect.stringContaining(`there are 1.0.0+cccccccccccc, 1.0.0+${OLD}`) as string,
  });
  await expect(versions.choose('nobody', '1.0.0', patient())).rejects.toMatchObject({ code: 'PLUGIN_NOT_FOUND' });
  expect(world.claims.building()).toEqual(new Set());
});

it('uses no image that is another instance’s or not what its tag says', async () => {
  const { world, versions } = await open();
  world.engine.images.add(`gantry/plugin-sample:${OLD}`, { labels: { 'io.gantry.instance': 'theirs' } });
  await expect(versions.find(`sample@1.0.0+${OLD}`, patient())).rejects.toMatchObject({
    code: 'PLUGIN_VERSION_REMOVED',
  });
  world.engine.images.add(`gantry/plugin-sample:${NEW}`, {
    labels: { 'io.gantry.instance': 'ours', 'io.gantry.content': NEW.padEnd(64, '0') },
    config: { OnBuild: ['RUN evil'] },
  });
  await expect(versions.find(`sample@1.0.0+${NEW}`, patient())).rejects.toMatchObject({ code: 'IMAGE_UNSAFE' });
});

it('holds the images of a chosen version until it is let go', async () => {
  const { world, versions } = await open();
  {
    using _chosen = await versions.choose('sample', `1.0.0+${OLD}`, patient());
    expect((await world.sweep()).removed).toEqual([]);
  }
  expect((await world.sweep()).removed).toContain(`${OLD} old`);
});

it('finds the image that this instance built of a version that another one stored', async () => {
  const { world, versions } = await open();
  const content = OLD.padEnd(64, '0');
  world.engine.images.remove(`gantry/plugin-sample:${OLD}`);
  world.engine.images.add(referenceOf('sample', content, 'ours'), {
    labels: { 'io.gantry.instance': 'ours', 'io.gantry.content': content },
  });
  const { contentHash } = await versions.find(`sample@1.0.0+${OLD}`, patient());
  expect(contentHash).toBe(content);
});

it('tells a program without an engine what the store knows: by name, what is not known, what was removed', async () => {
  const { world } = await open();
  await world.store.updatePluginVersion(`sample@1.0.0+${NEW}`, { imageRemovedAtMs: 1 }, patient());
  const versions = new RecordedVersions(world.store);
  using newest = await versions.choose('sample', '1.0.0', patient());
  expect(newest.version).toMatchObject({ id: 'sample@1.0.0+cccccccccccc', plugin: { name: 'sample' } });
  expect(await versions.find(`sample@1.0.0+${OLD}`, patient())).toMatchObject({ plugin: { name: 'sample' } });
  const refusals = [
    ['sample', '2.0.0', 'PLUGIN_VERSION_NOT_FOUND'],
    ['sample', `1.0.0+${NEW}`, 'PLUGIN_VERSION_REMOVED'],
    ['nobody', '1.0.0', 'PLUGIN_NOT_FOUND'],
  ] as const;
  for (const [plugin, version, code] of refusals)
    await expect(versions.choose(plugin, version, patient())).rejects.toMatchObject({ code });
});

it('refuses a version whose schema does not take the settings of now', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-settings-'));
  try {
    writeFileSync(join(folder, 'sample.yaml'), 'greeting: 7\n');
    const { world, versions } = await open(folder);
    const list = world.store.listPluginVersions.bind(world.store);
    const configSchema = { type: 'object', properties: { greeting: { type: 'string' } } };
    world.store.listPluginVersions = async (...given) =>
      (await list(...given)).map((one) => ({ ...one, manifest: { ...(one.manifest as JsonObject), configSchema } }));
    await expect(versions.choose('sample', `1.0.0+${OLD}`, patient())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    expect(world.claims.building()).toEqual(new Set());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
