// The sandboxes follow the catalog: a version that was built again keeps its id, and must not be served by sandboxes of its old image.
import { expect, test } from 'vitest';
import { followCatalog } from '../../../src/compose/follow-catalog.ts';
import type { PluginStatus, PluginVersion } from '../../../src/core/plugin.ts';
import { EventBus } from '../../../src/observe/event-bus.ts';
import { SilentLogger } from '../../support/sandbox/silent-logger.ts';
import { pluginVersion } from '../../support/sandbox/versions.ts';

function follow() {
  const events = new EventBus(new SilentLogger());
  const told: string[] = [];
  let statuses: readonly PluginStatus[] = [];
  const sandboxes = {
    warm: ({ id, imageId }: PluginVersion) => told.push(`warm ${id} ${imageId}`),
    retire: ({ id, imageId }: Pick<PluginVersion, 'id' | 'imageId'>) => told.push(`retire ${id} ${imageId}`),
  };
  followCatalog(events, { statuses: () => statuses }, sandboxes);
  return {
    /** What the sandboxes are told when the catalog comes to serve exactly these. */
    serve(...versions: readonly (readonly [id: string, imageId: string])[]): readonly string[] {
      statuses = versions.map(([id, imageId]) => {
        const version = pluginVersion({ version: { id, imageId } });
        return { state: 'ready', name: id, folder: id, version };
      });
      events.emit({ kind: 'pluginRegistered', plugin: 'any', version: 'any' });
      return told.splice(0);
    },
  };
}

test('warms what comes, retires what leaves, and leaves alone what stays', () => {
  const catalog = follow();
  expect(catalog.serve(['a', '1'], ['b', '2'])).toEqual(['warm a 1', 'warm b 2']);
  expect(catalog.serve(['b', '2'], ['c', '3'])).toEqual(['retire a 1', 'warm c 3']);
  expect(catalog.serve(['b', '2'], ['c', '3'])).toEqual([]);
});

test('replaces the sandboxes of a version that got a new image', () => {
  const catalog = follow();
  catalog.serve(['a', 'old']);
  expect(catalog.serve(['a', 'new'])).toEqual(['retire a old', 'warm a new']);
});
