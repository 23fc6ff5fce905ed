// hook × pipeline → plugin versions at one moment. Never changes after it was made, so a run in flight keeps what it started with.
import type { PluginVersion } from '../core/plugin.ts';
import type { CatalogSnapshot } from '../core/ports/plugin-catalog.ts';

/** @param versions one per plugin name */
export function makeSnapshot(versions: readonly PluginVersion[]): CatalogSnapshot {
  const byHook = new Map<string, PluginVersion[]>();
  for (const version of [...versions].sort(byOrderAndName)) {
    for (const hook of version.plugin.hooks) {
      const list = byHook.get(hook);
      if (list === undefined) byHook.set(hook, [version]);
      else list.push(version);
    }
  }
  return {
    pluginsFor: (pipeline, hook) =>
      (byHook.get(hook) ?? []).filter(
        ({ plugin }) => plugin.pipelines.includes('*') || plugin.pipelines.includes(pipeline),
      ),
  };
}

function byOrderAndName({ plugin: left }: PluginVersion, { plugin: right }: PluginVersion): number {
  return left.order - right.order || (left.name < right.name ? -1 : Number(left.name > right.name));
}
