// The plugins of a run: those that serve now, and in their places the versions that the run was asked to use. Those are named in its lineage,
// so a run that is taken up again after a restart or a wait has the same.
import { soloPipelineName } from '../core/pipeline.ts';
import type { Plugin, PluginVersion } from '../core/plugin.ts';
import type { CatalogSnapshot } from '../core/ports/plugin-catalog.ts';
import { askedVersions } from '../core/run.ts';
import type { RunScope } from './run-scope.ts';

/** @throws GantryError PLUGIN_VERSION_REMOVED when somebody removed an image that was held for the run, and as PluginVersions.find */
export async function catalogOf({ lease, ports }: RunScope): Promise<CatalogSnapshot> {
  const ids = askedVersions(lease.run);
  const { versions } = ports;
  if (ids.length === 0 || versions === undefined) return ports.catalog.snapshot();
  const asked = await Promise.all(
    ids.map((id) => lease.persist('listPluginVersions', (options) => versions.find(id, options))),
  );
  return withVersions(ports.catalog.snapshot(), asked);
}

export function withVersions(snapshot: CatalogSnapshot, asked: readonly PluginVersion[]): CatalogSnapshot {
  const names = new Set(asked.map(({ plugin }) => plugin.name));
  return {
    pluginsFor: (pipeline, hook) =>
      [
        ...snapshot.pluginsFor(pipeline, hook).filter(({ plugin }) => !names.has(plugin.name)),
        ...asked.filter(({ plugin }) => servesHook(plugin, pipeline, hook)),
      ].sort(({ plugin: left }, { plugin: right }) => left.order - right.order || (left.name < right.name ? -1 : 1)),
  };
}

export function servesHook({ name, hooks, pipelines }: Plugin, pipeline: string, hook: string): boolean {
  if (soloPipelineName(name) === pipeline) return true;
  return hooks.includes(hook) && (pipelines.includes('*') || pipelines.includes(pipeline));
}
