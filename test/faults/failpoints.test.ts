// Every named place, once killed at and once with an error thrown, under load over one data folder. A place that is never passed fails the
// test. Freezes at the same places: several-workers.test.ts.
import { expect, test } from 'vitest';
import type { Failpoint } from '../../src/core/failpoints.ts';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { LOAD_PLACES as PLACES } from '../support/faults/load-places.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { processState } from '../support/faults/process-state.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';

/** Few places, so that runs also wait in the queue. */
const SYSTEM = `runs: {heartbeat: 200ms, deadAfter: 2s, grace: 5s, maxRunning: 2, sandboxWait: 2m}
images: {isOn: false}
brake: {isOn: false}
`;

test('keeps a sound history through a kill and an error at every named place', { timeout: 3_600_000 }, async () => {
  const seed = faultSeed();
  await using world = await CountingWorld.open({ seed, system: SYSTEM });
  const startedMs = performance.now();
  await dieAtWork(world);
  world.load.start();
  await throwEverywhere(world);
  for (const at of PLACES) {
    if (at === 'run-taken-over') {
      await world.mourn();
      await dieAtWork(world);
    }
    await killAt(world, at);
  }
  await world.start();
  await world.settle();
  expect(await world.leftovers()).toEqual([]);
  const figures = await world.judge();
  const faults = { places: PLACES.length, seconds: (performance.now() - startedMs) / 1000 };
  await reportFigures('kill and error at every failpoint (SQLite)', { seed, ...faults, ...figures });
});

/** Recovery has something to take over only when a program died in the middle of a run. */
async function dieAtWork(world: CountingWorld): Promise<void> {
  await world.start();
  const id = await world.load.ask({ pipeline: 'once', data: { seconds: 55 } });
  await world.untilActed('the plugin to be at work', id);
  await world.mourn();
}

/** One program passes all places, and lives on. */
async function throwEverywhere(world: CountingWorld): Promise<void> {
  await world.start('a', { GANTRY_TEST_FAILPOINT: PLACES.map((at) => `${at}:throw`).join(',') });
  for (const at of PLACES) {
    const hasThrown = (): boolean => world.logOf('a').includes(`"at":"${at}","msg":"a fault is thrown"`);
    await world.until(`the error at ${at}`, hasThrown);
  }
  const id = await world.load.ask({ pipeline: 'again', data: { seconds: 0 } });
  await world.untilActed('a run after the errors', id);
  await world.mourn();
}

async function killAt(world: CountingWorld, at: Failpoint): Promise<void> {
  let pid = 0;
  const starting = world.start('a', { GANTRY_TEST_FAILPOINT: `${at}:kill` }, (spawned) => {
    pid = spawned;
  });
  // Some places are passed before anything listens.
  await starting.catch(() => undefined);
  await world.until(`the program to die at ${at}`, () => processState(pid) === null);
  await world.mourn();
}
