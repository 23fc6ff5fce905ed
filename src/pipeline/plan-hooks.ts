// What a run will do, decided once at its start from the pipeline and one snapshot of the plugins: a run in flight never changes course.
import type { Pipeline } from '../core/pipeline.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { CatalogSnapshot } from '../core/ports/plugin-catalog.ts';

export interface HookPlan {
  readonly hook: string;
  readonly index: number;
  readonly timeoutMs: number | null;
  /** ascending by order; plugins of one group run in parallel, ascending by name */
  readonly groups: readonly (readonly PluginVersion[])[];
}

export function planHooks(pipeline: Pipeline, snapshot: CatalogSnapshot): readonly HookPlan[] {
  return pipeline.hooks.map((spec, index) => ({
    hook: spec.name,
    index,
    timeoutMs: spec.timeoutMs,
    groups: groupByOrder(snapshot.pluginsFor(pipeline.name, spec.name)),
  }));
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
