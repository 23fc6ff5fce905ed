// A full disk under the embedded store: what cannot be stored is not acknowledged, nothing hangs, and when there is room again the program
// goes on without a restart. The disk is a small tmpfs over the data folder, so the test needs root.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { FaultWorld } from '../support/faults/fault-world.ts';
import { postJson, request, waitFor } from '../support/gantry/api.ts';

const exec = promisify(execFile);
const isRoot = process.getuid?.() === 0;

async function mountSmallDisk(world: FaultWorld): Promise<void> {
  const folder = world.dataFolder;
  mkdirSync(folder, { recursive: true });
  await exec('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', folder]);
  world.defer(async () => {
    await exec('umount', ['--lazy', folder]);
  });
}

/** Takes every free block, in ever smaller writes. */
function fillDisk(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize)));
}

test.skipIf(!isRoot)(
  'never acknowledges what a full disk did not take, and goes on after it',
  { timeout: 600_000 },
  async () => {
    await using world = new FaultWorld();
    await mountSmallDisk(world);
    const gantry = await world.start();
    expect(await world.ended(await world.accept('once'))).toMatchObject({ state: 'succeeded' });
    const start = `${gantry.url}/api/v1/pipelines/once/runs`;
    const body = { data: { do: [], text: 'x'.repeat(100_000) } };

    const accepted: string[] = [];
    fillDisk(world.dataFolder);
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
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await request(`${gantry.url}/healthz`)).status).toBe(200);

    rmSync(join(world.dataFolder, 'filler'));
    await waitFor(async () => (await request(`${gantry.url}/readyz`)).status === 200, 'the store to be ready', 120_000);
    expect(await world.ended(await world.accept('once'))).toMatchObject({ state: 'succeeded' });
    for (const id of accepted) expect((await world.ended(id)).state).toMatch(/^(succeeded|failed|timed_out)$/);
    await gantry.end();
  },
);
