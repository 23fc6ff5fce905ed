// Containers and images removed by hand under the living program, as by `docker kill` and `docker image prune -a`. A sandbox that stood ready is
// replaced unnoticed; the runs that miss an image say so, the image is made again, and nothing needs a restart or a change of a plugin.
import { expect, test } from 'vitest';
import { FaultWorld } from '../support/faults/fault-world.ts';
import { killContainersOf, sweepInstance } from '../support/faults/instance-traces.ts';
import { request, waitFor } from '../support/gantry/api.ts';

test('serves without what stood ready, makes images again, and serves again', { timeout: 600_000 }, async () => {
  await using world = new FaultWorld();
  const { metricsUrl } = await world.start();
  expect(await world.ended(await world.accept('once'))).toMatchObject({ state: 'succeeded' });

  await waitFor(async () => /^(idle )+$/.test(await sandboxStates(metricsUrl)), 'sandboxes to stand ready', 120_000);
  await killContainersOf(world.dataFolder);
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

/** `idle idle `: the state of each sandbox. */
async function sandboxStates(metricsUrl: string): Promise<string> {
  const answer = await request(`${metricsUrl}/metrics`);
  const counted = [...String(answer.body).matchAll(/^gantry_sandboxes\{.*state="(\w+)".*\} (\d+)$/gm)];
  return counted.map(([, state = '', count]) => `${state} `.repeat(Number(count))).join('');
}
