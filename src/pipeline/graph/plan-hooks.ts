// What a run will do, decided once at its start from the pipeline and one snapshot of the plugins: a run in flight never changes course.
import type { HookSpec, Pipeline } from '../../core/pipeline.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { CatalogSnapshot } from '../../core/ports/plugin-catalog.ts';
import type { Run, Section, Verdict } from '../../core/run.ts';
import { HookGraph } from './hook-graph.ts';

/** Of a hook of `onFailure` and `finally` that says nothing. */
const CLOSING_TIMEOUT_MS = 60_000;

export interface HookPlan {
  readonly hook: string;
  /** place among the hook records of the run */
  readonly index: number;
  readonly section: Section;
  readonly spec: HookSpec;
  /** ascending by order; plugins of one group run in parallel, ascending by name */
  readonly groups: readonly (readonly PluginVersion[])[];
  /** plugins serve it, and the run's tags leave out all of them */
  readonly isLeftOut: boolean;
  /** nothing is to be decided, asked or started before its plugins are called, and there are some */
  readonly isPlain: boolean;
}

export interface RunPlan {
  readonly pipeline: Pipeline;
  readonly main: readonly HookPlan[];
  /** of the main hooks */
  readonly names: readonly string[];
  /** of the main hooks */
  readonly graph: HookGraph;
  /** one after the other, when the main ones have ended: `onFailure` if the run failed, `finally` always */
  readonly closing: readonly HookPlan[];
}

type Tags = Pick<Run, 'tags' | 'skipTags'>;

/** Plans of runs without tags, made once for each definition and catalog: both never change. */
const plans = new WeakMap<CatalogSnapshot, WeakMap<Pipeline, RunPlan>>();

export function planHooks(pipeline: Pipeline, snapshot: CatalogSnapshot, tags: Tags): RunPlan {
  if (tags.tags.length + tags.skipTags.length > 0) return makePlan(pipeline, snapshot, tags);
  const kept = plans.get(snapshot) ?? new WeakMap<Pipeline, RunPlan>();
  plans.set(snapshot, kept);
  const plan = kept.get(pipeline) ?? makePlan(pipeline, snapshot, tags);
  kept.set(pipeline, plan);
  return plan;
}

function makePlan(pipeline: Pipeline, snapshot: CatalogSnapshot, tags: Tags): RunPlan {
  const { hooks, onFailure, finally: last } = pipeline;
  const planAs = (specs: readonly HookSpec[], section: Section, from: number): readonly HookPlan[] =>
    specs.map((spec, index) => {
      const called = chosen(snapshot.pluginsFor(pipeline.name, spec.name), tags);
      return { hook: spec.name, index: from + index, section, spec, ...called, isPlain: isPlain(spec, called.groups) };
    });
  return {
    pipeline,
    main: planAs(hooks, 'main', 0),
    names: hooks.map(({ name }) => name),
    graph: graphOf(pipeline),
    closing: [
      ...planAs(onFailure.map(withTime), 'onFailure', hooks.length),
      ...planAs(last.map(withTime), 'finally', hooks.length + onFailure.length),
    ],
  };
}

function isPlain({ when, forEach, approval, run }: HookSpec, groups: HookPlan['groups']): boolean {
  return when === null && forEach === null && approval === null && run === null && groups.length > 0;
}

/** Made once for each definition. */
const graphs = new WeakMap<Pipeline, HookGraph>();

function graphOf(pipeline: Pipeline): HookGraph {
  const made = graphs.get(pipeline);
  if (made !== undefined) return made;
  const indexes = new Map(pipeline.hooks.map(({ name }, index) => [name, index]));
  const graph = new HookGraph(pipeline.hooks.map(({ after }) => after.flatMap((name) => indexes.get(name) ?? [])));
  graphs.set(pipeline, graph);
  return graph;
}

/** The time of the main hooks may be up. */
function withTime(spec: HookSpec): HookSpec {
  return { ...spec, timeoutMs: spec.timeoutMs ?? CLOSING_TIMEOUT_MS };
}

/** Only hooks that are run after the main ones may know how the run ends. */
export function verdictFor(section: HookPlan['section'], verdict: Verdict | null): Verdict | null {
  return section === 'main' ? null : verdict;
}

/** The plugins that the run's tags leave. */
function chosen(all: readonly PluginVersion[], { tags, skipTags }: Tags): Pick<HookPlan, 'groups' | 'isLeftOut'> {
  const isChosen = ({ plugin }: PluginVersion): boolean =>
    (tags.length === 0 || plugin.tags.some((tag) => tags.includes(tag))) &&
    !plugin.tags.some((tag) => skipTags.includes(tag));
  const left = tags.length + skipTags.length === 0 ? all : all.filter(isChosen);
  return { groups: groupByOrder(left), isLeftOut: left.length === 0 && all.length > 0 };
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
