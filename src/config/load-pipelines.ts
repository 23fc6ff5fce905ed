// config/pipelines.yaml as checked pipelines. Keys that a later release brings are refused by name, never ignored.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { JsonObject } from '../core/json.ts';
import { DURABILITIES, type HookSpec, type Pipeline } from '../core/pipeline.ts';
import type { Problem } from '../core/plugin.ts';
import { checkSchema } from '../core/schema-subset.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { parseDurationMs } from '../lib/parse-duration.ts';
import { explainIssues, show } from './explain-issues.ts';
import { readYaml, type YamlFile } from './read-yaml.ts';

const NAME = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'is no name: [a-z][a-z0-9_-]{0,62}');
const TIMEOUT_MAX = '7d';

const timeout = z
  .string()
  .transform((text) => parseDurationMs(text))
  .refine((ms): ms is number => ms !== null && ms >= 1 && ms <= (parseDurationMs(TIMEOUT_MAX) ?? 0), {
    error: `is no duration from 1ms to ${TIMEOUT_MAX} (write 250ms, 30s, 10m, 2h or 7d)`,
  });

const HOOK = z.strictObject({
  name: NAME.describe('Name that plugins subscribe to.'),
  timeout: timeout.optional().describe('Wall time of the whole hook.'),
});

const PIPELINE = z.strictObject({
  name: NAME.describe('Name of the pipeline.'),
  description: z.string().max(1000).prefault('').describe('What it is for.'),
  params: z.record(z.string(), z.unknown()).optional().describe('JSON Schema (documented subset) of the params.'),
  timeout: timeout.prefault('10m').describe('Wall time of a run.'),
  priority: z.int().min(-100).max(100).prefault(0).describe('Runs of a higher priority are claimed first.'),
  onMergeConflict: z
    .enum(['warn', 'fail'])
    .prefault('warn')
    .describe('What happens when parallel plugins write the same key.'),
  durability: z
    .enum(DURABILITIES)
    .prefault('stored')
    .describe('Whether a run is acknowledged when it is stored, or at once and stored within store.flushWithin.'),
  hooks: z.array(HOOK).min(1).max(100).describe('Hooks in their order.'),
});

const FILE = z.strictObject({ pipelines: z.array(PIPELINE).max(1000) });

/** Keys of the design that this release does not implement. */
const LATER_PIPELINE = ['triggers', 'concurrency', 'onFailure', 'finally', 'retries'];
const LATER_HOOK = ['after', 'when', 'forEach', 'maxParallel', 'retries', 'approval'];

/** @throws GantryError CONFIG_NOT_FOUND, CONFIG_SYNTAX, PIPELINE_INVALID with every problem */
export async function loadPipelines(path: string, shownAs: string): Promise<ReadonlyMap<string, Pipeline>> {
  const yaml = await readYaml(path, shownAs);
  const problems = laterKeys(yaml);
  const refused = new Set(problems.map(({ line, column }) => `${String(line)}:${String(column)}`));
  const parsed = FILE.safeParse(yaml.value);
  if (!parsed.success)
    problems.push(
      ...explainIssues(parsed.error.issues, yaml, 'PIPELINE_INVALID', keysAt).filter(
        ({ line, column }) => !refused.has(`${String(line)}:${String(column)}`),
      ),
    );
  const declared = parsed.data?.pipelines ?? [];
  problems.push(...declared.flatMap((pipeline, index) => checkPipeline(pipeline, index, yaml)));
  problems.push(...duplicates(declared, ['pipelines'], yaml));
  if (problems.length > 0)
    throw new GantryError('PIPELINE_INVALID', `${shownAs}: ${String(problems.length)} problem(s)`, { problems });
  return new Map(declared.map((pipeline) => [pipeline.name, toPipeline(pipeline)]));
}

function toPipeline(declared: z.output<typeof PIPELINE>): Pipeline {
  const hooks: HookSpec[] = declared.hooks.map((hook) => ({ name: hook.name, timeoutMs: hook.timeout ?? null }));
  const definition = {
    name: declared.name,
    description: declared.description,
    params: (declared.params as JsonObject | undefined) ?? null,
    timeoutMs: declared.timeout,
    priority: declared.priority,
    onMergeConflict: declared.onMergeConflict,
    durability: declared.durability,
    hooks,
  };
  return { ...definition, version: createHash('sha256').update(canonicalJson(definition)).digest('hex') };
}

function checkPipeline(pipeline: z.output<typeof PIPELINE>, index: number, yaml: YamlFile): Problem[] {
  const at = ['pipelines', index];
  const problems = duplicates(pipeline.hooks, [...at, 'hooks'], yaml);
  if (pipeline.params === undefined) return problems;
  const faults = checkSchema(pipeline.params as JsonObject);
  return [
    ...problems,
    ...faults.map((fault) => {
      const path = [...at, 'params', ...fault.path];
      return problemAt('PIPELINE_INVALID', `${show(path)}: ${fault.message}`, path, yaml);
    }),
  ];
}

function duplicates(
  items: readonly { readonly name: string }[],
  at: readonly PropertyKey[],
  yaml: YamlFile,
): Problem[] {
  const seen = new Set<string>();
  return items.flatMap(({ name }, index) => {
    const path = [...at, index, 'name'];
    if (seen.has(name)) return [problemAt('PIPELINE_INVALID', `${show(path)} "${name}" stands twice`, path, yaml)];
    seen.add(name);
    return [];
  });
}

function laterKeys(yaml: YamlFile): Problem[] {
  const root = yaml.value as { pipelines?: unknown } | null;
  const pipelines: unknown[] = Array.isArray(root?.pipelines) ? root.pipelines : [];
  return pipelines.flatMap((pipeline, index) => {
    const hooks = (pipeline as { hooks?: unknown } | null)?.hooks;
    return [
      ...keysAmong(pipeline, LATER_PIPELINE, ['pipelines', index], yaml),
      ...(Array.isArray(hooks) ? hooks : []).flatMap((hook, at) =>
        keysAmong(hook, LATER_HOOK, ['pipelines', index, 'hooks', at], yaml),
      ),
    ];
  });
}

function keysAmong(value: unknown, later: readonly string[], at: readonly PropertyKey[], yaml: YamlFile): Problem[] {
  if (typeof value !== 'object' || value === null) return [];
  return later
    .filter((key) => Object.hasOwn(value, key))
    .map((key) => ({
      code: 'NOT_SUPPORTED_YET',
      message: `${show([...at, key])} comes in a later release`,
      file: yaml.file,
      ...yaml.place([...at, key], true),
    }));
}

function problemAt(code: string, message: string, path: readonly PropertyKey[], yaml: YamlFile): Problem {
  return { code, message, file: yaml.file, ...yaml.place(path) };
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(FILE.shape);
  return path.includes('hooks') ? Object.keys(HOOK.shape) : Object.keys(PIPELINE.shape);
}
