// `kill -9` of the program while runs wait without a worker: for a decision, for the next attempt after a long backoff. They wait on in the
// store, and go on after the start.
import { expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { listAllRuns, readRuns } from '../support/faults/read-history.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';

async function waiting(world: CountingWorld, pipeline: string, fails: number): Promise<string> {
  const id = (await world.load.ask({ pipeline, data: { seconds: 0, fails } })) ?? '';
  await world.until(`run ${id} to wait`, async () => (await stateOf(world, id)) === 'waiting');
  return id;
}

async function stateOf(world: CountingWorld, id: string): Promise<Run['state'] | undefined> {
  return (await world.inStore(listAllRuns)).find((run) => run.id === id)?.state;
}

test('goes on with runs that waited when the program was killed', { timeout: 900_000 }, async () => {
  await using world = await CountingWorld.open({ seed: faultSeed() });
  await world.start();
  const approved = await waiting(world, 'asked', 0);
  const rejected = await waiting(world, 'asked', 0);
  const undecided = await waiting(world, 'asked', 0);
  const sleeper = await waiting(world, 'sleeper', 1);
  await world.mourn();
  for (const id of [approved, rejected, undecided, sleeper]) expect(await stateOf(world, id)).toBe('waiting');

  await world.start();
  world.load.decider.take(approved, 'approve');
  world.load.decider.take(rejected, 'reject');
  await world.load.decider.decideAll();
  const isOver = async (id: string): Promise<boolean> =>
    ['succeeded', 'failed'].includes((await stateOf(world, id)) ?? '');
  for (const id of [approved, rejected, sleeper]) await world.until(`run ${id} to end`, () => isOver(id));
  expect(await stateOf(world, undecided)).toBe('waiting');
  world.load.decider.take(undecided, 'approve');
  await world.settle();
  expect(await world.leftovers()).toEqual([]);
  const figures = await world.judge();
  expect(figures).toMatchObject({
    states: { succeeded: 3, failed: 1 },
    failures: { APPROVAL_REJECTED: 1 },
    decided: 3,
  });

  const slept = (await world.inStore(readRuns)).find(({ run }) => run.id === sleeper);
  const [first, second] = (slept?.invocations ?? []).toSorted((a, b) => a.attempt - b.attempt);
  expect(first).toMatchObject({ attempt: 1, outcome: { code: 'plugin_error' } });
  expect(second).toMatchObject({ attempt: 2, outcome: { code: 'ok' } });
  expect(second?.startedAtMs ?? 0).toBeGreaterThanOrEqual(first?.retryAtMs ?? Infinity);
});
