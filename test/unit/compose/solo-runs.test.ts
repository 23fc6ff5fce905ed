// Calls of single plugins: their pipelines follow the registry through every change, although they are made once per snapshot only.
import { describe, expect, it } from 'vitest';
import { withSoloPipelines, withSoloPlugins } from '../../../src/compose/solo-runs.ts';
import { Registry } from '../../../src/plugins/registry.ts';
import { makePipeline } from '../../support/pipeline/run-world.ts';
import { makeVersion } from '../../support/plugins/make-version.ts';

const PROBLEM = { code: 'MANIFEST_INVALID', message: 'broken', file: 'plugin.yaml', line: null, column: null };

function makeWorld() {
  const declared = new Map([['default', makePipeline()]]);
  const registry = new Registry([{ name: 'default', hooks: [{ name: 'fetch' }] }]);
  const catalog = withSoloPlugins({
    snapshot: () => registry.snapshot(),
    statuses: () => registry.statuses(),
    settled: () => Promise.resolve(),
  });
  const pipelines = () => withSoloPipelines(declared, catalogOf(registry));
  const names = (): readonly string[] => [...pipelines().keys()];
  return { registry, catalog, pipelines, names };
}

function catalogOf(registry: Registry): Parameters<typeof withSoloPipelines>[1] {
  return { snapshot: () => registry.snapshot(), statuses: () => registry.statuses() };
}

describe('pipelines of single plugins', () => {
  it('come and go with their plugins', () => {
    const { registry, names, catalog } = makeWorld();
    expect(names()).toEqual(['default']);
    const version = makeVersion({ name: 'one' });
    registry.putVersion('plugins/one', version, []);
    expect(names()).toEqual(['default', '@one']);
    expect(catalog.snapshot().pluginsFor('@one', 'fetch')).toEqual([version]);
    expect(catalog.snapshot().pluginsFor('default', 'fetch')).toEqual([version]);
    registry.remove('plugins/one');
    expect(names()).toEqual(['default']);
    expect(catalog.snapshot().pluginsFor('@one', 'fetch')).toEqual([]);
  });

  it('call the newest version of the plugin', () => {
    const { registry, catalog } = makeWorld();
    registry.putVersion('plugins/one', makeVersion({ name: 'one' }), []);
    catalog.snapshot();
    const newer = { ...makeVersion({ name: 'one' }), imageId: `sha256:${'2'.repeat(64)}` };
    registry.putVersion('plugins/one', newer, []);
    expect(catalog.snapshot().pluginsFor('@one', 'fetch')).toEqual([newer]);
  });

  it('stay when a new state of the folder turns out to be broken, also if another plugin came meanwhile', () => {
    const { registry, names } = makeWorld();
    registry.putVersion('plugins/one', makeVersion({ name: 'one' }), []);
    registry.putBuilding('plugins/one', 'one');
    registry.putVersion('plugins/two', makeVersion({ name: 'two' }), []);
    expect(names()).toContain('@two');
    registry.putProblems('plugins/one', 'one', [PROBLEM]);
    expect(names()).toEqual(['default', '@one', '@two']);
  });

  it('are made once as long as nothing changes', () => {
    const { registry, pipelines } = makeWorld();
    registry.putVersion('plugins/one', makeVersion({ name: 'one' }), []);
    expect(pipelines()).toBe(pipelines());
  });
});
