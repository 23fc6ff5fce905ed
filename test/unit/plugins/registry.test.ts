// The catalog: which version of which folder serves which hook of which pipeline.
import { describe, expect, it } from 'vitest';
import type { Plugin, Problem } from '../../../src/core/plugin.ts';
import { Registry } from '../../../src/plugins/registry.ts';
import { makeVersion } from '../../support/plugins/make-version.ts';

const PIPELINES = [
  { name: 'default', hooks: [{ name: 'fetch' }, { name: 'store' }] },
  { name: 'other', hooks: [{ name: 'fetch' }] },
];
const BROKEN: Problem = { code: 'BUILD_FAILED', message: 'x', file: 'x', line: null, column: null };

function registryOf(...plugins: readonly Partial<Plugin>[]): Registry {
  const registry = new Registry(PIPELINES);
  plugins.forEach((plugin, index) => {
    registry.putVersion(`plugins/f${index}`, makeVersion(plugin), []);
  });
  return registry;
}
const served = (registry: Registry, pipeline = 'default', hook = 'fetch') =>
  registry
    .snapshot()
    .pluginsFor(pipeline, hook)
    .map(({ plugin }) => `${plugin.name}@${plugin.version}`);
const codes = (registry: Registry) =>
  registry
    .statuses()
    .map((status) => (status.state === 'failed' ? status.problems.map(({ code }) => code) : status.state));

describe('Registry', () => {
  it('serves a hook by ascending order, then by name', () => {
    const registry = registryOf({ name: 'c', order: 1 }, { name: 'b' }, { name: 'a' }, { name: 'd', order: 0 });
    expect(served(registry)).toEqual(['d@1.0.0', 'c@1.0.0', 'a@1.0.0', 'b@1.0.0']);
  });

  it('serves only the pipelines that a plugin names, or all of them', () => {
    const registry = registryOf({ name: 'a' }, { name: 'b', pipelines: ['*'] }, { name: 'c', pipelines: ['other'] });
    expect(served(registry)).toEqual(['a@1.0.0', 'b@1.0.0']);
    expect(served(registry, 'other')).toEqual(['b@1.0.0', 'c@1.0.0']);
    expect(served(registry, 'default', 'store')).toEqual([]);
  });

  it('keeps a snapshot as it was', () => {
    const registry = registryOf({ name: 'a' });
    const before = registry.snapshot();
    registry.putVersion('plugins/f0', makeVersion({ name: 'a', version: '2.0.0' }), []);
    registry.remove('plugins/f1');
    expect(before.pluginsFor('default', 'fetch').map(({ plugin }) => plugin.version)).toEqual(['1.0.0']);
    expect(served(registry)).toEqual(['a@2.0.0']);
  });

  it('goes on serving the old version while the new one is built and when it is broken', () => {
    const registry = registryOf({ name: 'a' });
    registry.putBuilding('plugins/f0', 'a');
    expect(served(registry)).toEqual(['a@1.0.0']);
    registry.putProblems('plugins/f0', 'a', [BROKEN]);
    expect(served(registry)).toEqual(['a@1.0.0']);
    expect(registry.statuses()).toMatchObject([
      { state: 'failed', name: 'a', problems: [BROKEN], serving: { id: 'a@1.0.0+0123456789ab' } },
    ]);
  });

  it('keeps what a version said of itself until the folder is another version, and warns of what did not come', () => {
    const registry = registryOf({ name: 'a' });
    const version = makeVersion({ name: 'a' });
    const said = { metadata: { made: 'by hand' }, configUi: null, problems: ['get_config_ui: late\u202e'] };
    registry.putSaid(makeVersion({ name: 'b' }), said);
    expect(registry.statuses()).toMatchObject([{ said: null, warnings: [] }]);
    registry.putSaid(version, said);
    const message = 'what the plugin offers to say of itself did not come: get_config_ui: late\\u202e';
    const warnings = [{ code: 'DESCRIPTION_MISSING', message, file: 'plugins/f0/plugin.yaml' }];
    registry.putVersion('plugins/f0', version, []);
    expect(registry.statuses()).toMatchObject([{ state: 'ready', said, warnings }]);
    registry.putProblems('plugins/f0', 'a', [BROKEN]);
    expect(registry.statuses()).toMatchObject([{ state: 'failed', said }]);
    const other = { ...said, metadata: { made: 'anew' } };
    registry.putVersion('plugins/f0', version, [], other);
    expect(registry.statuses()).toMatchObject([{ state: 'ready', said: other }]);
    registry.putVersion('plugins/f0', { ...version, imageId: 'sha256:other' }, []);
    expect(registry.statuses()).toMatchObject([{ state: 'ready', said: null, warnings: [] }]);
  });

  it('drops a removed folder', () => {
    const registry = registryOf({ name: 'a' });
    expect(registry.remove('plugins/f0')).toBe(true);
    expect(served(registry)).toEqual([]);
    expect(registry.statuses()).toEqual([]);
  });

  it('lists a folder without a readable manifest under its own name', () => {
    const registry = registryOf();
    registry.putProblems('plugins/broken', 'broken', [BROKEN]);
    expect(registry.statuses()).toMatchObject([{ state: 'failed', name: 'broken', serving: null }]);
  });

  it('serves the newer of two versions of one plugin', () => {
    const registry = registryOf({ name: 'a', version: '1.10.0' }, { name: 'a', version: '1.9.0' });
    expect(served(registry)).toEqual(['a@1.10.0']);
    expect(codes(registry)).toEqual(['ready', ['PLUGIN_DUPLICATE']]);
  });

  it('refuses the second of two equal versions and takes it when the first goes', () => {
    const registry = registryOf({ name: 'a', description: 'first' }, { name: 'a', description: 'second' });
    const described = () => registry.snapshot().pluginsFor('default', 'fetch')[0]?.plugin.description;
    expect(described()).toBe('first');
    expect(codes(registry)).toEqual(['ready', ['PLUGIN_DUPLICATE']]);
    registry.remove('plugins/f0');
    expect(described()).toBe('second');
    expect(codes(registry)).toEqual(['ready']);
  });

  it('refuses a hook that the named pipeline does not have, with a suggestion', () => {
    const registry = registryOf({ name: 'a', hooks: ['fetsh'] });
    expect(served(registry, 'default', 'fetsh')).toEqual([]);
    expect(registry.statuses()).toMatchObject([
      {
        state: 'failed',
        problems: [{ code: 'HOOK_UNKNOWN', message: expect.stringContaining('did you mean `fetch`?') as string }],
      },
    ]);
  });

  it('only warns of a pipeline that nobody declared, until it is declared', () => {
    const registry = registryOf({ name: 'a', pipelines: ['later'] });
    expect(registry.statuses()).toMatchObject([
      { state: 'ready', warnings: [{ code: 'PIPELINE_NOT_FOUND' }, { code: 'HOOK_UNKNOWN' }] },
    ]);
    registry.setPipelines([{ name: 'later', hooks: [{ name: 'fetch' }] }]);
    expect(registry.statuses()).toMatchObject([{ state: 'ready', warnings: [] }]);
    registry.setPipelines([{ name: 'later', hooks: [{ name: 'none' }] }]);
    expect(codes(registry)).toEqual([['HOOK_UNKNOWN']]);
    expect(served(registry, 'later')).toEqual([]);
  });
});
