// What the form of a pipeline cannot say: names that stand twice or nowhere, cycles, expressions, keys that exclude each other.
import type { JsonObject } from '../core/json.ts';
import type { Problem } from '../core/plugin.ts';
import type { Cron } from '../core/ports/cron.ts';
import type { Expressions } from '../core/ports/expression.ts';
import { checkSchema } from '../core/schema-subset.ts';
import { suggest } from '../lib/suggest.ts';
import { checkExpressions } from './check-expressions.ts';
import { checkTriggers } from './check-triggers.ts';
import { show } from './explain-issues.ts';
import { findCycle } from './find-cycle.ts';
import { predecessorsOf } from './make-pipeline.ts';
import type { DeclaredHook, DeclaredPipeline } from './pipeline-schema.ts';
import type { YamlFile } from './read-yaml.ts';

type Path = readonly PropertyKey[];
/** A fault by its path in the file, and what is wrong there. */
type Fault = readonly [path: Path, message: string];

/** What texts inside the file are written in. */
export interface Languages {
  readonly expressions: Expressions;
  readonly cron: Cron;
}

export function checkPipelines(
  declared: readonly DeclaredPipeline[],
  yaml: YamlFile,
  languages: Languages,
): readonly Problem[] {
  const faults = [
    ...twice(declared.map(({ name }, index) => [['pipelines', index, 'name'], name])),
    ...twice(webhookPaths(declared)),
    ...declared.flatMap((pipeline, index) => checkPipeline(pipeline, ['pipelines', index], declared, languages)),
  ];
  return faults.map(([path, message]) => ({
    code: 'PIPELINE_INVALID',
    message: `${show(path)} ${message}`,
    file: yaml.file,
    ...yaml.place(path),
  }));
}

function checkPipeline(
  pipeline: DeclaredPipeline,
  at: Path,
  all: readonly DeclaredPipeline[],
  languages: Languages,
): readonly Fault[] {
  const repeated = twice(namesOf(pipeline, at));
  return [
    ...repeated,
    ...checkParams(pipeline, at),
    ...pipeline.hooks.flatMap((hook, index) => checkHook(hook, [...at, 'hooks', index], pipeline, all)),
    // Names that stand twice make cycles that are none.
    ...(repeated.length > 0 ? [] : checkCycle(pipeline, at)),
    ...checkTriggers(pipeline, at, languages.cron),
    ...checkExpressions(pipeline, at, languages.expressions),
  ];
}

function checkParams({ params }: DeclaredPipeline, at: Path): readonly Fault[] {
  if (params === undefined) return [];
  const schema = params as JsonObject;
  const faults = checkSchema(schema).map(({ path, message }): Fault => [[...at, 'params', ...path], `: ${message}`]);
  const type = schema['type'] ?? 'object';
  if (faults.length > 0 || [type].flat().includes('object')) return faults;
  return [[[...at, 'params', 'type'], 'is not object: the params of a run are always one']];
}

/** Hooks of all sections: a run keeps one record per name. */
function namesOf(
  { hooks, onFailure, finally: last }: DeclaredPipeline,
  at: Path,
): readonly (readonly [Path, string])[] {
  const named = (key: string, list: readonly { readonly name: string }[]): (readonly [Path, string])[] =>
    list.map(({ name }, index) => [[...at, key, index, 'name'], name]);
  return [...named('hooks', hooks), ...named('onFailure', onFailure), ...named('finally', last)];
}

function webhookPaths(declared: readonly DeclaredPipeline[]): readonly (readonly [Path, string])[] {
  return declared.flatMap(({ triggers }, pipeline) =>
    triggers.flatMap(({ webhook }, index): readonly (readonly [Path, string])[] =>
      webhook === undefined ? [] : [[['pipelines', pipeline, 'triggers', index, 'webhook', 'path'], webhook.path]],
    ),
  );
}

function twice(named: readonly (readonly [Path, string])[]): readonly Fault[] {
  const seen = new Set<string>();
  return named.flatMap(([path, name]): readonly Fault[] => {
    if (seen.has(name)) return [[path, `"${name}" stands twice`]];
    seen.add(name);
    return [];
  });
}

function checkHook(
  hook: DeclaredHook,
  at: Path,
  { hooks, name: own }: DeclaredPipeline,
  all: readonly DeclaredPipeline[],
): readonly Fault[] {
  const names = hooks.map(({ name }) => name);
  const faults = (hook.after ?? []).flatMap((name, index): readonly Fault[] =>
    names.includes(name) ? [] : [[[...at, 'after', index], `"${name}" is no hook of ${own}${hint(name, names)}`]],
  );
  const { run } = hook;
  if (run === undefined) return faults;
  const pipelines = all.map(({ name }) => name);
  const unknown: readonly Fault[] = pipelines.includes(run.pipeline)
    ? []
    : [[[...at, 'run', 'pipeline'], `"${run.pipeline}" is no pipeline of this file${hint(run.pipeline, pipelines)}`]];
  const excluded: readonly Fault[] = (['forEach', 'retries'] as const)
    .filter((key) => hook[key] !== undefined)
    .map((key): Fault => [[...at, key], 'and run exclude each other']);
  return [...faults, ...unknown, ...excluded];
}

function hint(name: string, names: readonly string[]): string {
  const near = suggest(name, names);
  return near === null ? '' : `; did you mean "${near}"?`;
}

function checkCycle({ hooks }: DeclaredPipeline, at: Path): readonly Fault[] {
  const edges = new Map(hooks.map((hook, index) => [hook.name, predecessorsOf(hook, hooks[index - 1]?.name)]));
  const cycle = findCycle(edges);
  if (cycle === null) return [];
  const index = hooks.findIndex(({ name }) => name === cycle[0]);
  const path = [...at, 'hooks', index, hooks[index]?.after === undefined ? 'name' : 'after'];
  return [[path, `waits for itself: ${cycle.join(' → ')} (each follows the next)`]];
}
