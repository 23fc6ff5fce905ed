// A run from the door to its end in one call, for tests that script the plugins and look at what is left.
import type { Invocation } from '../../../src/core/invocation.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import type { Run } from '../../../src/core/run.ts';
import { patient } from '../store/build-records.ts';
import { RunWorld, type WorldOptions } from './run-world.ts';

export interface Finished {
  readonly world: RunWorld;
  readonly run: Run;
  readonly invocations: readonly Invocation[];
}

export async function finishRun(
  options: WorldOptions,
  script: (world: RunWorld) => void,
  data: JsonValue = {},
): Promise<Finished> {
  const world = new RunWorld(options);
  script(world);
  await world.runs.start();
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: { p: 1 }, data });
  const ended = await world.settle(run.id, 300_000, 100);
  const invocations = await world.store.listInvocations(run.id, patient());
  await world.close();
  return { world, run: ended, invocations };
}

/** plugin → outcome code */
export function outcomesOf(invocations: readonly Invocation[]): Record<string, string | undefined> {
  return Object.fromEntries(invocations.map(({ plugin, outcome }) => [plugin, outcome?.code]));
}
