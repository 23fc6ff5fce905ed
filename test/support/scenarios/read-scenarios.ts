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
  /** how each run is started */
  readonly starts: readonly RunStart[];
  /** whether they are started one after another, as a list in input.json says, and not at once */
  readonly isInOrder: boolean;
  /** of each run; a list of several: so many runs are started */
  readonly expected: readonly JsonObject[];
}

/** An entry of a list in input.json; where it is no list, it is the body of all. */
export interface RunStart {
  /** of the request that starts the run */
  readonly body: JsonObject;
  /** its Idempotency-Key */
  readonly key?: string;
  /** state of the run that the next start waits for */
  readonly until?: string;
}

export async function readScenarios(folder: string): Promise<readonly Scenario[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return await Promise.all(names.sort().map((name) => readScenario(join(folder, name), name)));
}

async function readScenario(folder: string, name: string): Promise<Scenario> {
  const input = JSON.parse(await readFile(join(folder, 'input.json'), 'utf8').catch(() => '{}')) as
    JsonObject | readonly RunStart[];
  const expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as JsonObject | JsonObject[];
  const isInOrder = isList(input);
  return {
    name,
    folder,
    pipeline: parse(await readFile(join(folder, 'pipeline.yaml'), 'utf8')) as JsonObject,
    starts: isInOrder ? input : [expected].flat().map(() => ({ body: input })),
    isInOrder,
    expected: [expected].flat(),
  };
}

function isList(input: JsonObject | readonly RunStart[]): input is readonly RunStart[] {
  return Array.isArray(input);
}

/** The pipeline's name. */
export function pipelineOf({ pipeline }: Scenario): string {
  const name: JsonValue | undefined = pipeline['name'];
  if (typeof name !== 'string') throw new Error('a scenario without a pipeline name');
  return name;
}
