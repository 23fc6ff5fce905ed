// The disk of a Docker daemon is full: what needs a new sandbox fails at once and says why, what stands ready goes on serving, and when there is
// room again everything is served without a restart. The daemon and its disk are the test's own; a night has the time for them.
import { expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { canRunPrivateDaemon, startPrivateDaemon } from '../support/engine/private-daemon.ts';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { fillDisk, findMountObstacle } from '../support/faults/mounts.ts';
import { listAllRuns } from '../support/faults/read-history.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';
import { isNightly } from '../support/faults/suite-size.ts';

const obstacle = isNightly ? await findMountObstacle() : 'only at night';

test.skipIf(obstacle !== null || !canRunPrivateDaemon())(
  'serves by what stands ready while the disk of the engine is full, and all again after it',
  { timeout: 1_800_000 },
  async () => {
    await using daemon = await startPrivateDaemon(['gantry/base-python:1'], '1g');
    await using world = await CountingWorld.open({ seed: faultSeed(), dockerHost: daemon.host });
    await world.start();
    for (const pipeline of ['again', 'quick'])
      expect(await ended(world, pipeline)).toMatchObject({ state: 'succeeded' });
    const makeRoom = fillDisk(daemon.disk);
    // One of the first may find a sandbox that stood ready.
    await world.until('the full disk to be felt', async () => (await ended(world, 'again')).state === 'failed');
    expect((await ended(world, 'again')).failure).toMatchObject({
      code: 'engine',
      message: expect.stringMatching(/no space left/i) as string,
    });
    expect(await ended(world, 'quick')).toMatchObject({ state: 'succeeded' });
    makeRoom();
    await world.until('a run to succeed again', async () => (await ended(world, 'again')).state === 'succeeded');
    await world.settle();
    expect(await world.leftovers()).toEqual([]);
    await world.judge();
  },
);

/** A run of the pipeline, asked for and ended. */
async function ended(world: CountingWorld, pipeline: string): Promise<Run> {
  const id = await world.load.ask({ pipeline, data: { seconds: 0 } });
  let found: Run | undefined;
  await world.until(`run ${String(id)} to end`, async () => {
    found = (await world.inStore(listAllRuns)).find((run) => run.id === id && run.finishedAtMs !== null);
    return found !== undefined;
  });
  if (found === undefined) throw new Error('no run');
  return found;
}
