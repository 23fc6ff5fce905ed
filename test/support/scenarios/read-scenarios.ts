// A scenario is a folder: pipeline.yaml, plugins/, input.json, expected.json; settings/ and secrets/ where it needs them. No code.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';

export interface Scenario {
  /** name of the folder */
  readonly name: string;
  readonly folder: string;
  /** one entry of a pipelines file */
  readonly pipeline: JsonObject;
  /** body of the request that starts the run */
  readonly input: JsonObject;
  /** of each run; a list of several: so many runs are started at once */
  readonly expected: readonly JsonObject[];
}

export async function readScenarios(folder: string): Promise<readonly Scenario[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return await Promise.all(names.sort().map((name) => readScenario(join(folder, name), name)));
}

async function readScenario(folder: string, name: string): Promise<Scenario> {
  const input = await readFile(join(folder, 'input.json'), 'utf8').catch(() => '{}');
  return {
    name,
    folder,
    pipeline: parse(await readFile(join(folder, 'pipeline.yaml'), 'utf8')) as JsonObject,
    input: JSON.parse(input) as JsonObject,
    expected: [JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as JsonObject | JsonObject[]].flat(),
  };
}

/** The pipeline's name. */
export function pipelineOf({ pipeline }: Scenario): string {
  const name: JsonValue | undefined = pipeline['name'];
  if (typeof name !== 'string') throw new Error('a scenario without a pipeline name');
  return name;
}
