// The engine gone under load and back again, as after a kill: its connections end at once, its containers die, nothing listens for a while.
// Played by the socket in front of it, so that the machine's own engine, which others use, lives on.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { killContainersOf } from '../support/faults/instance-traces.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';
import { spread } from '../support/faults/spread.ts';
import { SUITE_SIZE } from '../support/faults/suite-size.ts';

const { engineKills } = SUITE_SIZE;
/** `maxRunning` of the world's program. */
const AT_WORK = 6;
const AWAY_MS = 2_000;

test(
  `keeps a sound history over ${String(engineKills)} kills of the engine, and serves again`,
  { timeout: engineKills * 300_000 },
  async () => {
    const seed = faultSeed();
    await using world = await CountingWorld.open({ seed });
    await world.start();
    world.load.start();
    await world.untilActed('a plugin to act');
    const servingMs: number[] = [];
    for (let kill = 1; kill <= engineKills; kill += 1) {
      await pause(world.random.below(1_000));
      await world.tap.cut();
      await killContainersOf(world.dataFolder());
      await pause(world.random.below(AWAY_MS));
      await world.look();
      await world.tap.mend();
      const backMs = performance.now();
      await world.untilActed(`a plugin to act after kill ${String(kill)} of the engine`);
      servingMs.push(performance.now() - backMs);
    }
    await world.settle();
    // What could not be removed while the engine was away goes at the latest with the next start.
    await world.mourn();
    await world.start();
    expect(await world.leftovers()).toEqual([]);
    const figures = await world.judge();
    // What was not at work waited: only an invocation that had its input can have ended with the engine.
    expect(figures.failures['engine'] ?? 0).toBeLessThanOrEqual(engineKills * AT_WORK);
    await reportFigures('kills of the engine (played by its socket)', {
      seed,
      engineKills,
      servingAgainMs: spread(servingMs),
      ...figures,
    });
  },
);
