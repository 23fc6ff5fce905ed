// SIGKILL at random moments, under load, over one data folder: in the middle of runs, of their starts and of recovery itself. Whatever the
// moment, the history is sound: accepted means settled, once, and what plugins did is what is told of them.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { listAllRuns } from '../support/faults/read-history.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';
import { SUITE_SIZE } from '../support/faults/suite-size.ts';

const { kills } = SUITE_SIZE;
/** The start itself is killed once in so many times. */
const EARLY = 8;
/** Longest life after the program listens: the length of a few runs. */
const LIFE_MS = 1_000;
const START_MS = 600;

test(`keeps a sound history over ${String(kills)} kills at random moments`, { timeout: kills * 60_000 }, async () => {
  const seed = faultSeed();
  await using world = await CountingWorld.open({ seed, isTicking: true });
  const { random } = world;
  const startedMs = performance.now();
  world.load.start();
  for (let kill = 1; kill <= kills; kill += 1) {
    if (kill % EARLY === 0) await killEarly(world, random.below(START_MS));
    else {
      await world.start();
      await pause(random.below(LIFE_MS));
    }
    await world.mourn();
  }
  const forsaken = new Map((await world.inStore(listAllRuns)).flatMap((run) => forsakenBy(run)));
  await world.start();
  const backMs = performance.now();
  await world.until('every run of the dead to be taken up or ended', async () => {
    const runs = await world.inStore(listAllRuns);
    return runs.every(({ id, state, epoch }) => state !== 'running' || forsaken.get(id) !== epoch);
  });
  const takenUpMs = performance.now() - backMs;
  await world.settle();
  expect(await world.leftovers()).toEqual([]);
  const figures = await world.judge();
  expect(figures.acceptedRuns).toBeGreaterThan(kills / 2);
  expect(figures.succeeded).toBeGreaterThan(0);
  await reportFigures(`${String(kills)} random kills (SQLite)`, {
    seed,
    ...figures,
    seconds: (performance.now() - startedMs) / 1000,
    forsakenRuns: forsaken.size,
    takenUpAfterLastStartMs: takenUpMs,
    leasePlusFiveSecondsMs: world.leaseMs + 5_000,
  });
});

/** Kills a program that may not listen yet. */
async function killEarly(world: CountingWorld, afterMs: number): Promise<void> {
  let killing: NodeJS.Timeout | undefined;
  const starting = world.start('a', {}, (pid) => {
    killing = setTimeout(() => process.kill(pid, 'SIGKILL'), afterMs);
  });
  // It may have come to listen before: then it is killed as any other, and its number may be another's by the time.
  await starting.catch(() => undefined);
  clearTimeout(killing);
}

/** A run that was at work when its program died, with the epoch at which it was. */
function forsakenBy({ id, state, epoch }: Run): readonly [Run['id'], number][] {
  return state === 'running' ? [[id, epoch]] : [];
}
