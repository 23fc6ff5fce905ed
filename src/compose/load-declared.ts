// config/pipelines.yaml, checked with the expression language that runs will use.
import { CelExpressions } from '../adapters/cel/cel-expressions.ts';
import { loadPipelines } from '../config/load-pipelines.ts';
import type { Pipeline } from '../core/pipeline.ts';

/** @throws GantryError CONFIG_NOT_FOUND, CONFIG_SYNTAX, PIPELINE_INVALID with every problem */
export async function loadDeclared(path: string, shownAs: string): Promise<ReadonlyMap<string, Pipeline>> {
  return await loadPipelines(path, shownAs, new CelExpressions());
}
