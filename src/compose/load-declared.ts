// config/pipelines.yaml, checked with the expression language and the calendar that runs will use.
import { CelExpressions } from '../adapters/cel/cel-expressions.ts';
import { CronerTimes } from '../adapters/croner/croner-cron.ts';
import { loadPipelines } from '../config/load-pipelines.ts';
import type { Pipeline } from '../core/pipeline.ts';

/** @throws GantryError CONFIG_NOT_FOUND, CONFIG_SYNTAX, PIPELINE_INVALID with every problem */
export async function loadDeclared(path: string, shownAs: string): Promise<ReadonlyMap<string, Pipeline>> {
  return await loadPipelines(path, shownAs, { expressions: new CelExpressions(), cron: new CronerTimes() });
}
