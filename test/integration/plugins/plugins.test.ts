// The plugins' folder while the program runs: added, changed, broken, mended, removed. Real files, an engine in memory.
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { until } from '../../support/engine/until.ts';
import { manifestText } from '../../support/plugins/make-version.ts';
import { openInMemory, plugin, served, soon, statusesBecome } from '../../support/plugins/open-in-memory.ts';
import { openPlugins, shortStatuses } from '../../support/plugins/open-plugins.ts';

describe('Plugins', () => {
  it('builds and serves what stands in the folder at the start', async () => {
    await using at = await openInMemory({
      ...plugin('one'),
      ...plugin('two'),
      'README.md': 'no plugin',
      '.hidden/x': '',
    });
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(served(at.plugins)).toEqual(['one@1.0.0', 'two@1.0.0']);
    expect(at.opened.of('pluginRegistered').map((event) => event.plugin)).toEqual(['one', 'two']);
    expect(at.opened.of('buildFinished').map((event) => event.isSuccessful)).toEqual([true, true]);
    const [version] = at.plugins.snapshot().pluginsFor('default', 'fetch');
    const stored = await at.opened.store.listPluginVersions('one', { signal: soon() });
    expect(stored.map(({ id, imageId }) => [id, imageId])).toEqual([[version?.id, version?.imageId]]);
  });

  it('serves nothing and fails nothing when the folder is absent', async () => {
    await using at = await openInMemory({});
    await rm(at.folder.path, { recursive: true });
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(at.plugins.statuses()).toEqual([]);
  });

  it('picks up, rebuilds and drops folders without a restart', async () => {
    await using at = await openInMemory(plugin('one'));
    at.plugins.start();
    await at.plugins.settled(soon());
    const before = at.plugins.snapshot();
    await at.folder.write(plugin('two'));
    await until('the second plugin serves', () => served(at.plugins).length === 2);
    await at.folder.write(plugin('one', 'echo {"n":2}', '1.1.0'));
    await until('the new version serves', () => served(at.plugins).includes('one@1.1.0'));
    await rm(join(at.folder.path, 'two'), { recursive: true });
    await until('the removed plugin is gone', () => served(at.plugins).join() === 'one@1.1.0');
    expect(at.opened.of('pluginRemoved').map((event) => event.plugin)).toEqual(['two']);
    expect(before.pluginsFor('default', 'fetch').map((version) => version.plugin.version)).toEqual(['1.0.0']);
  });

  it('goes on serving the old version while the new one is broken, and takes the mended one', async () => {
    await using at = await openInMemory(plugin('one'));
    at.plugins.start();
    await at.plugins.settled(soon());
    await at.folder.write({ 'one/plugin.yaml': `${manifestText('', 'one', '2.0.0')}nonsense: 1\n` });
    await statusesBecome(at.plugins, 'one failed MANIFEST_UNKNOWN_FIELD');
    expect(served(at.plugins)).toEqual(['one@1.0.0']);
    expect(at.plugins.statuses()).toMatchObject([{ serving: { plugin: { version: '1.0.0' } } }]);
    expect(at.opened.of('pluginRefused').map((event) => [event.plugin, event.code])).toContainEqual([
      'one',
      'MANIFEST_UNKNOWN_FIELD',
    ]);
    await at.folder.write(plugin('one', 'echo {}', '2.0.0'));
    await statusesBecome(at.plugins, 'one ready');
    expect(served(at.plugins)).toEqual(['one@2.0.0']);
  });

  it('never builds an unchanged plugin again, not even after a restart', async () => {
    await using at = await openInMemory(plugin('one'));
    at.plugins.start();
    await at.plugins.settled(soon());
    await at.plugins.build('one', soon());
    await using again = openPlugins(at.folder.path, at.engine, 'here');
    again.plugins.start();
    await again.plugins.settled(soon());
    expect(served(again.plugins)).toEqual(['one@1.0.0']);
    expect(at.engine.calls.count('buildImage')).toBe(1);
    expect(at.opened.of('pluginRegistered')).toHaveLength(1);
  });

  it('does not use an image that another instance or another content put under its tag', async () => {
    await using at = await openInMemory(plugin('one'));
    at.plugins.start();
    await at.plugins.settled(soon());
    const tag = at.engine.images.builds[0]?.tag ?? '';
    for (const labels of [{ 'io.gantry.instance': 'elsewhere' }, { 'io.gantry.instance': 'here' }]) {
      at.engine.images.add(tag, { labels });
      await at.plugins.build('one', soon());
    }
    expect(at.engine.calls.count('buildImage')).toBe(3);
  });

  it('names a failed build, keeps its log, and builds it again when the folder changes', async () => {
    await using at = await openInMemory(plugin('one'));
    at.engine.calls.refuse('buildImage', new GantryError('BUILD_FAILED', 'Dockerfile line 2 (RUN x): exit 3'));
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(shortStatuses(at.plugins.statuses())).toEqual(['one failed BUILD_FAILED']);
    expect(at.plugins.buildLog('one')).toEqual(['BUILD_FAILED: Dockerfile line 2 (RUN x): exit 3']);
    expect(at.opened.of('buildFinished')).toMatchObject([{ isSuccessful: false, plugin: 'one' }]);
    await at.folder.write(plugin('one', 'echo mended'));
    await statusesBecome(at.plugins, 'one ready');
    expect(at.plugins.buildLog('one')[0]).toBe('Step 1/1 : FROM scratch');
  });

  it('tries again by itself after the engine was away', async () => {
    await using at = await openInMemory(plugin('one'));
    at.engine.lose();
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(shortStatuses(at.plugins.statuses())).toEqual(['one failed DOCKER_UNAVAILABLE']);
    at.engine.find();
    await statusesBecome(at.plugins, 'one ready');
  });

  it('makes an image again that somebody removed, as soon as it is missed, and only then', async () => {
    await using at = await openInMemory({ ...plugin('one'), ...plugin('two') });
    at.plugins.start();
    await at.plugins.settled(soon());
    for (const { tag } of at.engine.images.builds) at.engine.images.remove(tag);
    at.plugins.lookAgain('nobody');
    at.plugins.lookAgain('one');
    await until('it is built again', () => at.opened.of('buildFinished').length === 3);
    expect(at.opened.of('buildFinished').at(-1)).toMatchObject({ plugin: 'one', isSuccessful: true });
    await statusesBecome(at.plugins, 'one ready', 'two ready');
  });

  it('takes what may have mended itself at once when asked to reload', async () => {
    await using at = await openInMemory(plugin('one'), { scanIntervalMs: 3_600_000 });
    at.engine.lose();
    at.plugins.start();
    await at.plugins.settled(soon());
    at.engine.find();
    await at.folder.write(plugin('two'));
    expect(shortStatuses(await at.plugins.reload(soon()))).toEqual(['one ready', 'two ready']);
  });

  it('ends a build at its time limit', async () => {
    await using at = await openInMemory(plugin('one'), { buildTimeoutMs: 10 });
    at.engine.calls.hold('buildImage');
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(shortStatuses(at.plugins.statuses())).toEqual(['one failed BUILD_TIMEOUT']);
  });

  it('ends at once when stopped, even in the middle of a build', async () => {
    await using at = await openInMemory(plugin('one'));
    at.engine.calls.hold('buildImage');
    at.plugins.start();
    await until('the build began', () => at.engine.calls.count('buildImage') === 1);
    await at.plugins.stop();
    expect(at.opened.of('pluginRefused')).toEqual([]);
  });

  it('drops what was built for a folder that is gone meanwhile', async () => {
    await using at = await openInMemory(plugin('one'));
    const release = at.engine.calls.hold('buildImage');
    at.plugins.start();
    await until('the build began', () => at.engine.calls.count('buildImage') === 1);
    await rename(join(at.folder.path, 'one'), join(at.folder.path, '.one'));
    await statusesBecome(at.plugins);
    release();
    await at.plugins.settled(soon());
    expect(at.plugins.statuses()).toEqual([]);
    expect(served(at.plugins)).toEqual([]);
  });

  it('lets the other folder of a plugin serve when the first one goes', async () => {
    await using at = await openInMemory({
      ...plugin('one'),
      'twin/plugin.yaml': manifestText('description: twin', 'one'),
      'twin/main.sh': '',
    });
    at.plugins.start();
    await at.plugins.settled(soon());
    expect(shortStatuses(at.plugins.statuses())).toEqual(['one ready', 'one failed PLUGIN_DUPLICATE']);
    await rm(join(at.folder.path, 'one'), { recursive: true });
    await statusesBecome(at.plugins, 'one ready');
    const [version] = at.plugins.snapshot().pluginsFor('default', 'fetch');
    expect(version?.plugin.description).toBe('twin');
    expect(at.opened.of('pluginRegistered').at(-1)?.version).toBe(version?.id);
    expect(at.opened.of('pluginRemoved')).toEqual([]);
  });

  it('follows pipelines that change', async () => {
    await using at = await openInMemory(plugin('one'));
    at.plugins.start();
    await at.plugins.settled(soon());
    at.plugins.setPipelines([{ name: 'default', hooks: [{ name: 'other' }] }]);
    expect(shortStatuses(at.plugins.statuses())).toEqual(['one failed HOOK_UNKNOWN']);
    expect(served(at.plugins)).toEqual([]);
  });

  it('says that no plugin has the name', async () => {
    await using at = await openInMemory(plugin('one'));
    at.plugins.start();
    await expect(at.plugins.build('two', soon())).rejects.toMatchObject({ code: 'PLUGIN_NOT_FOUND' });
  });
});
