// Calls of one plugin alone (`gantry plugins invoke`) are runs like all others: of a pipeline that exists as long as the plugin does and that
// only this plugin serves. So they are queued, bounded, stored and shown by the same code.
import { soloPipeline, soloPipelineName, type Pipeline } from '../core/pipeline.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';

/** The declared pipelines and one for each plugin that serves. */
export function withSoloPipelines(
  declared: ReadonlyMap<string, Pipeline>,
  catalog: Pick<PluginCatalog, 'statuses'>,
): ReadonlyMap<string, Pipeline> {
  const all = new Map(declared);
  for (const { plugin, contentHash } of servingVersions(catalog)) {
    const pipeline = soloPipeline(plugin, contentHash);
    all.set(pipeline.name, pipeline);
  }
  return all;
}

/** The catalog, which also says who serves the pipelines of single plugins. */
export function withSoloPlugins(catalog: PluginCatalog): PluginCatalog {
  return {
    statuses: () => catalog.statuses(),
    settled: (signal) => catalog.settled(signal),
    snapshot: () => {
      const snapshot = catalog.snapshot();
      const alone = new Map(
        servingVersions(catalog).map((version) => [soloPipelineName(version.plugin.name), version]),
      );
      return {
        pluginsFor: (pipeline, hook) => {
          const version = alone.get(pipeline);
          return version === undefined ? snapshot.pluginsFor(pipeline, hook) : [version];
        },
      };
    },
  };
}

/** The version of each plugin that serves now. */
export function servingVersions(catalog: Pick<PluginCatalog, 'statuses'>): readonly PluginVersion[] {
  return catalog.statuses().flatMap((status) => {
    if (status.state === 'ready') return [status.version];
    return status.state === 'failed' && status.serving !== null ? [status.serving] : [];
  });
}
