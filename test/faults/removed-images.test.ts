// The images removed under the living program, as by `docker image prune -a`: the runs that miss them say so, the images are made again, and
// it serves again without a restart and without a change of a plugin.
import { expect, test } from 'vitest';
import { FaultWorld } from '../support/faults/fault-world.ts';
import { sweepInstance } from '../support/faults/instance-traces.ts';
import { waitFor } from '../support/gantry/api.ts';

test('makes images again that were removed, and serves again', { timeout: 600_000 }, async () => {
  await using world = new FaultWorld();
  await world.start();
  expect(await world.ended(await world.accept('once'))).toMatchObject({ state: 'succeeded' });
  // What stands ready holds its image, and may be replaced before the image is gone.
  await waitFor(() => sweepInstance(world.dataFolder), 'the images to be gone', 120_000);
  const failures: (string | undefined)[] = [];
  await waitFor(
    async () => {
      const run = await world.ended(await world.accept('once'));
      if (run.state !== 'succeeded') failures.push(run.failure?.code);
      return run.state === 'succeeded';
    },
    'a run to succeed again',
    120_000,
  );
  expect(failures).toContain('image');
});
