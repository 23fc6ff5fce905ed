// A full disk under the embedded store: what cannot be stored is not acknowledged, nothing hangs, and when there is room again the program
// goes on without a restart. The disk is a small tmpfs over the data folder, so the test needs the right to mount, which root in a container
// may not have.
import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FaultWorld } from '../support/faults/fault-world.ts';
import { fillDisk, findMountObstacle, mountSmallDisk, unmount } from '../support/faults/mounts.ts';
import { postJson, request, waitFor } from '../support/gantry/api.ts';

const mountObstacle = await findMountObstacle();

test(
  'never acknowledges what a full disk did not take, and goes on after it',
  { timeout: 600_000 },
  async ({ skip }) => {
    skip(mountObstacle !== null, mountObstacle ?? '');
    await using world = new FaultWorld();
    mkdirSync(world.dataFolder, { recursive: true });
    await mountSmallDisk(world.dataFolder);
    world.defer(() => unmount(world.dataFolder));
    const gantry = await world.start();
    expect(await world.ended(await world.accept('once'))).toMatchObject({ state: 'succeeded' });
    const start = `${gantry.url}/api/v1/pipelines/once/runs`;
    const body = { data: { do: [], text: 'x'.repeat(100_000) } };

    const accepted: string[] = [];
    const makeRoom = fillDisk(world.dataFolder);
    const refused = await waitFor(
      async () => {
        const answer = await postJson(start, body);
        if (answer.status !== 202) return answer;
        accepted.push((answer.body as { id: string }).id);
        return null;
      },
      'the full disk to be felt',
      120_000,
    );
    expect(refused).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } });
    expect((await request(`${gantry.url}/healthz`)).status).toBe(200);

    makeRoom();
    await waitFor(async () => (await request(`${gantry.url}/readyz`)).status === 200, 'the store to be ready', 120_000);
    expect(await world.ended(await world.accept('once'))).toMatchObject({ state: 'succeeded' });
    for (const id of accepted) expect((await world.ended(id)).state).toMatch(/^(succeeded|failed|timed_out)$/);
    await gantry.end();
  },
);
