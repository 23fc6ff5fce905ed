// A real Docker daemon killed under load and started again, and hung: one of the test's own, since others use the machine's. Its containers
// outlive it until it is back, or with --live-restore for good; what the program made of them before is settled, and it serves again.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { canRunPrivateDaemon, startPrivateDaemon, type PrivateDaemon } from '../support/engine/private-daemon.ts';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { request } from '../support/gantry/api.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';
import { spread } from '../support/faults/spread.ts';
import { SUITE_SIZE } from '../support/faults/suite-size.ts';

const { daemonKills } = SUITE_SIZE;
/** `maxRunning` of the world's program. */
const AT_WORK = 6;
const BASE = 'gantry/base-python:1';

test.skipIf(!canRunPrivateDaemon())(
  `keeps a sound history over ${String(daemonKills)} kills of a Docker daemon and a hang, and serves again`,
  { timeout: 600_000 + daemonKills * 300_000 },
  async () => {
    const seed = faultSeed();
    await using daemon = await startPrivateDaemon([BASE]);
    await using world = await CountingWorld.open({ seed, dockerHost: daemon.host, isEngineKilled: true });
    const gantry = await world.start();
    world.load.start();
    await world.untilActed('a plugin to act');
    const awayMs: number[] = [];
    const servingMs: number[] = [];
    for (let kill = 1; kill <= daemonKills; kill += 1) {
      await pause(world.random.below(1_000));
      const killedMs = performance.now();
      await daemon.kill();
      await daemon.start(kill % 2 === 0);
      const backMs = performance.now();
      awayMs.push(backMs - killedMs);
      await world.untilActed(`a plugin to act after kill ${String(kill)} of the daemon`);
      servingMs.push(performance.now() - backMs);
      await world.look();
    }
    const servingAfterHangMs = await hang(daemon, world, gantry.url);
    await world.settle();
    await world.mourn();
    await world.start();
    expect(await world.leftovers()).toEqual([]);
    const figures = await world.judge();
    // What was not at work waited: only an invocation that had its input can have ended with the engine.
    expect(figures.failures['engine'] ?? 0).toBeLessThanOrEqual(daemonKills * AT_WORK);
    await reportFigures('kills of a real Docker daemon', {
      seed,
      daemonKills,
      awayMs: spread(awayMs),
      servingAgainMs: spread(servingMs),
      servingAfterHangMs,
      ...figures,
    });
  },
);

/** A daemon that takes requests and answers none. @returns milliseconds from its first answer to the first act of a plugin */
async function hang(daemon: PrivateDaemon, world: CountingWorld, url: string): Promise<number> {
  await daemon.freeze();
  const isReady = async (): Promise<boolean> => (await request(`${url}/readyz`)).status === 200;
  await world.until('the program to say that the engine does not answer', async () => !(await isReady()));
  for (const path of ['/', '/healthz']) expect((await request(`${url}${path}`)).status).toBe(200);
  const thawedMs = performance.now();
  await daemon.thaw();
  await world.untilActed('a plugin to act after the daemon hung');
  const servingMs = performance.now() - thawedMs;
  await world.until('the program to be ready', isReady);
  return servingMs;
}
