// What a run will do, decided once at its start from the pipeline and one snapshot of the plugins: a run in flight never changes course.
import type { HookSpec, Pipeline } from '../core/pipeline.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { CatalogSnapshot } from '../core/ports/plugin-catalog.ts';
import { HookGraph } from './hook-graph.ts';

export interface HookPlan {
  readonly hook: string;
  /** place among the hook records of the run */
  readonly index: number;
  readonly spec: HookSpec;
  /** ascending by order; plugins of one group run in parallel, ascending by name */
  readonly groups: readonly (readonly PluginVersion[])[];
}

export interface RunPlan {
  readonly pipeline: Pipeline;
  readonly main: readonly HookPlan[];
  /** of the main hooks */
  readonly graph: HookGraph;
}

export function planHooks(pipeline: Pipeline, snapshot: CatalogSnapshot): RunPlan {
  const indexes = new Map(pipeline.hooks.map(({ name }, index) => [name, index]));
  return {
    pipeline,
    main: pipeline.hooks.map((spec, index) => ({
      hook: spec.name,
      index,
      spec,
      groups: groupByOrder(snapshot.pluginsFor(pipeline.name, spec.name)),
    })),
    graph: new HookGraph(pipeline.hooks.map(({ after }) => after.flatMap((name) => indexes.get(name) ?? []))),
  };
}

function groupByOrder(versions: readonly PluginVersion[]): readonly (readonly PluginVersion[])[] {
  const groups = new Map<number, PluginVersion[]>();
  for (const version of versions) {
    const group = groups.get(version.plugin.order);
    if (group === undefined) groups.set(version.plugin.order, [version]);
    else group.push(version);
  }
  return [...groups.entries()]
    .sort(([left], [right]) => left - right)
    .map(([, group]) => group.sort((left, right) => (left.plugin.name < right.plugin.name ? -1 : 1)));
}
