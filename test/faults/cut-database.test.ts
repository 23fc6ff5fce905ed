// The database cut off under load: connections that end before or after a command, answers that are held back, a server that is away. Nothing
// that was accepted is lost, nothing is written twice, and the program serves again when the database is back.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { faultSeed, type RandomSource } from '../support/faults/seeded-random.ts';
import { spread } from '../support/faults/spread.ts';
import { SUITE_SIZE } from '../support/faults/suite-size.ts';
import { hasFerretdb, startFerretdb } from '../support/ferretdb/start-ferretdb.ts';
import { type CuttableProxy, startCuttableProxy } from '../support/store/cuttable-proxy.ts';

const { cuts } = SUITE_SIZE;
/** Longest fault: some are shorter than a lease, some longer. */
const FAULT_MS = 3_000;
const WRITES = ['insert', 'update', 'find'] as const;

test.skipIf(!hasFerretdb())(
  `keeps a sound history over ${String(cuts)} faults of the database`,
  { timeout: cuts * 120_000 },
  async () => {
    const seed = faultSeed();
    await using server = await startFerretdb();
    await using proxy = await startCuttableProxy(server.uri, { isSerial: true });
    await using world = await CountingWorld.open({ seed, storeUri: proxy.uri, directUri: server.uri });
    await world.start();
    world.load.start();
    const servingMs: number[] = [];
    for (let cut = 1; cut <= cuts; cut += 1) {
      await pause(world.random.below(500));
      await breakDatabase(proxy, world.random, cut);
      const backMs = performance.now();
      await world.untilActed(`a plugin to act after fault ${String(cut)}`);
      servingMs.push(performance.now() - backMs);
      await world.look();
    }
    await world.settle();
    expect(await world.leftovers()).toEqual([]);
    const figures = await world.judge();
    await reportFigures('faults of the database (FerretDB)', {
      seed,
      cuts,
      servingAgainMs: spread(servingMs),
      ...figures,
    });
  },
);

/** One fault, over when this resolves. */
async function breakDatabase(proxy: CuttableProxy, random: RandomSource, cut: number): Promise<void> {
  switch (cut % 3) {
    case 0: {
      const release = proxy.stall();
      await pause(random.below(FAULT_MS));
      release();
      return;
    }
    case 1: {
      const comeBack = proxy.goDown();
      await pause(random.below(FAULT_MS));
      comeBack();
      return;
    }
    default: {
      const command = random.pick(WRITES);
      proxy.cutNext(command, random.pick(['before', 'after']));
      proxy.cutNext(command, 'after');
    }
  }
}
