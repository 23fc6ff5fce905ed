// Calls of one plugin alone (`gantry plugins invoke`) are runs like all others: of a pipeline that exists as long as the plugin does and that
// only this plugin serves. So they are queued, bounded, stored and shown by the same code.
import { soloPipeline, soloPipelineName, type Pipeline } from '../core/pipeline.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { CatalogSnapshot, PluginCatalog } from '../core/ports/plugin-catalog.ts';

interface Alone {
  /** by the name of the pipeline */
  readonly versions: ReadonlyMap<string, PluginVersion>;
  readonly pipelines: readonly Pipeline[];
  /** the last answer, with the declared pipelines that it was made from */
  merged: { readonly declared: ReadonlyMap<string, Pipeline>; readonly all: ReadonlyMap<string, Pipeline> } | null;
}

/** Both are asked for on the way of every run, and with a thousand plugins take longer than the run: made once per snapshot. */
const alone = new WeakMap<CatalogSnapshot, Alone>();

/** The declared pipelines and one for each plugin that serves. */
export function withSoloPipelines(
  declared: ReadonlyMap<string, Pipeline>,
  catalog: Pick<PluginCatalog, 'statuses' | 'snapshot'>,
): ReadonlyMap<string, Pipeline> {
  const known = aloneIn(catalog);
  if (known.merged?.declared === declared) return known.merged.all;
  const all = new Map(declared);
  for (const pipeline of known.pipelines) all.set(pipeline.name, pipeline);
  known.merged = { declared, all };
  return all;
}

/** The catalog, which also says who serves the pipelines of single plugins. */
export function withSoloPlugins(catalog: PluginCatalog): PluginCatalog {
  return {
    statuses: () => catalog.statuses(),
    settled: (signal) => catalog.settled(signal),
    snapshot: () => {
      const snapshot = catalog.snapshot();
      const { versions } = aloneIn(catalog);
      return {
        pluginsFor: (pipeline, hook) => {
          const version = versions.get(pipeline);
          return version === undefined ? snapshot.pluginsFor(pipeline, hook) : [version];
        },
      };
    },
  };
}

function aloneIn(catalog: Pick<PluginCatalog, 'statuses' | 'snapshot'>): Alone {
  const snapshot = catalog.snapshot();
  const known = alone.get(snapshot);
  if (known !== undefined) return known;
  const serving = servingVersions(catalog);
  const made: Alone = {
    versions: new Map(serving.map((version) => [soloPipelineName(version.plugin.name), version])),
    pipelines: serving.map(({ plugin, contentHash }) => soloPipeline(plugin, contentHash)),
    merged: null,
  };
  alone.set(snapshot, made);
  return made;
}

/** The version of each plugin that serves now. */
export function servingVersions(catalog: Pick<PluginCatalog, 'statuses'>): readonly PluginVersion[] {
  return catalog.statuses().flatMap((status) => {
    if (status.state === 'ready') return [status.version];
    return status.state === 'failed' && status.serving !== null ? [status.serving] : [];
  });
}
