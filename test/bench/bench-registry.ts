// A warm run with a thousand plugins registered beside one, the catalog put together as in the program. All versions share one image: what is
// measured is the catalog, not a thousand builds.
import { withSoloPipelines, withSoloPlugins } from '../../src/compose/solo-runs.ts';
import type { PluginCatalog } from '../../src/core/ports/plugin-catalog.ts';
import { Registry } from '../../src/plugins/registry.ts';
import { makePipeline } from '../support/pipeline/run-world.ts';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { interleave } from './interleave.ts';
import { otherVersions } from './other-versions.ts';
import { PIPELINE, WarmWorld, type WarmWorldOptions } from './warm-world.ts';

const MANY = 1_000;

export const registryBenchmark: Benchmark = {
  name: 'registry',
  title: `a warm run with ${String(MANY)} registered plugins, beside one`,
  goals: [
    { ratio: 'thousand_over_one', sense: 'at most', bound: 1.3, says: 'other plugins do not make a call slower' },
  ],
  run: benchRegistry,
};

async function benchRegistry(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using one = await WarmWorld.open({ dockerHost, catalog: catalogOf(1) });
  await using many = await WarmWorld.open({ dockerHost, catalog: catalogOf(MANY) });
  const { data } = one.requestOfLength(REQUEST_BYTES);
  const found = await interleave(
    [
      { name: 'run_of_one', calls: 100, call: () => one.run(data) },
      { name: 'run_of_thousand', calls: 100, call: () => many.run(data) },
    ],
    request,
  );
  return { cases: found.cases, ratios: { thousand_over_one: found.p50Ratio('run_of_thousand', 'run_of_one') } };
}

/** The plugin that is called, and others of another pipeline. */
function catalogOf(count: number): NonNullable<WarmWorldOptions['catalog']> {
  return (warm) => {
    const registry = new Registry([
      { name: PIPELINE, hooks: [{ name: 'fetch' }] },
      { name: 'other', hooks: [{ name: 'other' }] },
    ]);
    for (const version of [warm, ...otherVersions(warm, count - 1)])
      registry.putVersion(`plugins/${version.plugin.name}`, version, []);
    const catalog: PluginCatalog = {
      snapshot: () => registry.snapshot(),
      statuses: () => registry.statuses(),
      settled: () => Promise.resolve(),
    };
    const pipelines = new Map([PIPELINE, 'other'].map((name) => [name, makePipeline({ name })]));
    return { catalog: withSoloPlugins(catalog), pipelines: () => withSoloPipelines(pipelines, catalog) };
  };
}
