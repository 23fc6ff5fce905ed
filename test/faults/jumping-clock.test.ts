// The wall clock of the program jumps by hours, forwards and back, while runs are under way and while others wait: no timeout strikes, no
// lease is lost, and what waits is taken up. The monotonic clock goes on as it does on a real machine.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureFaketime } from '../../docker/setup/ensure-faketime.mjs';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';
import { request } from '../support/gantry/api.ts';

const faketime = await ensureFaketime().then(
  (path) => ({ path, obstacle: path === undefined ? 'libfaketime has no library here' : null }),
  (error: unknown) => ({ path: undefined, obstacle: String(error) }),
);
/** Not one of these may be near: a lease lost or a deadline that strikes is the clock's doing. */
const SYSTEM = `runs: {heartbeat: 1s, deadAfter: 5m, grace: 5s, maxRunning: 1, sandboxWait: 30m}
images: {isOn: false}
brake: {isOn: false}
`;
const JUMPS = ['+2h', '-2h', '+0'];

test('changes no timeout and no lease when the clock jumps by hours', { timeout: 900_000 }, async ({ skip }) => {
  skip(faketime.path === undefined, faketime.obstacle ?? '');
  const seed = faultSeed();
  await using world = await CountingWorld.open({ seed, system: SYSTEM });
  const clock = join(world.folder, 'clock');
  writeFileSync(clock, '+0\n');
  const gantry = await world.start('a', {
    LD_PRELOAD: faketime.path ?? '',
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
  for (const jump of JUMPS) {
    const underWay = await world.load.ask({ pipeline: 'once', data: { seconds: 3 } });
    await world.untilActed('the plugin to be at work', underWay);
    // There is one place: these wait for it over the jump.
    const waiting = [
      await world.load.ask({ pipeline: 'chain', data: { seconds: 0 } }),
      await world.load.ask({ pipeline: 'quick', data: { seconds: 0 } }),
    ];
    writeFileSync(clock, `${jump}\n`);
    for (const id of [underWay, ...waiting]) {
      const read = async (): Promise<{ state: string; finishedAt: string | null }> =>
        (await request(`${gantry.url}/api/v1/runs/${id ?? ''}`)).body as { state: string; finishedAt: string | null };
      await world.until(
        `run ${id ?? '-'} to end after the jump to ${jump}`,
        async () => (await read()).finishedAt !== null,
      );
      expect((await read()).state).toBe('succeeded');
    }
  }
  await world.settle();
  expect(await world.leftovers()).toEqual([]);
  await reportFigures('jumps of the clock', { seed, jumps: JUMPS.length, ...(await world.judge()) });
});
