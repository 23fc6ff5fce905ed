// config/pipelines.yaml as checked pipelines, or every problem of it at once.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { Pipeline } from '../core/pipeline.ts';
import { checkPipelines, type Languages } from './check-pipeline.ts';
import { explainIssues, firstOf } from './explain-issues.ts';
import { makePipeline } from './make-pipeline.ts';
import {
  APPROVAL,
  CLOSING_HOOK,
  CONCURRENCY,
  FILE,
  HOOK,
  PIPELINE,
  RETENTION,
  RETRIES,
  SUB_RUN,
  TRIGGER,
  WEBHOOK,
} from './pipeline-schema.ts';
import { readYaml } from './read-yaml.ts';

/** @throws GantryError CONFIG_NOT_FOUND, CONFIG_SYNTAX, PIPELINE_INVALID with every problem */
export async function loadPipelines(
  path: string,
  shownAs: string,
  languages: Languages,
): Promise<ReadonlyMap<string, Pipeline>> {
  const yaml = await readYaml(path, shownAs);
  const parsed = FILE.safeParse(yaml.value);
  const problems = parsed.success ? [] : [...explainIssues(parsed.error.issues, yaml, 'PIPELINE_INVALID', keysAt)];
  const declared = parsed.data?.pipelines ?? [];
  problems.push(...checkPipelines(declared, yaml, languages));
  if (problems.length > 0)
    throw new GantryError('PIPELINE_INVALID', `${shownAs}: ${String(problems.length)} problem(s)`, {
      problems: firstOf(problems),
    });
  return new Map(declared.map((pipeline) => [pipeline.name, makePipeline(pipeline)]));
}

const SHAPES: Readonly<Record<string, { readonly shape: object }>> = {
  hooks: HOOK,
  onFailure: CLOSING_HOOK,
  finally: CLOSING_HOOK,
  triggers: TRIGGER,
  webhook: WEBHOOK,
  retries: RETRIES,
  retention: RETENTION,
  approval: APPROVAL,
  run: SUB_RUN,
  concurrency: CONCURRENCY,
  pipelines: PIPELINE,
};

/** The keys that exist where the innermost named part of the path leads. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const part = path.findLast((step) => typeof step === 'string' && Object.hasOwn(SHAPES, step));
  return Object.keys((part === undefined ? FILE : (SHAPES[String(part)] ?? FILE)).shape);
}
