// The wall clock of the program jumps by hours, forwards and back, while runs are under way and while others wait: no timeout strikes, no
// lease is lost, and what waits is taken up. The monotonic clock goes on as it does on a real machine.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { ensureFaketime } from '../../docker/setup/ensure-faketime.mjs';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { listAllRuns } from '../support/faults/read-history.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';
import { hasFerretdb, startFerretdb } from '../support/ferretdb/start-ferretdb.ts';
import { request } from '../support/gantry/api.ts';
import type { Gantry } from '../support/gantry/start-gantry.ts';
import { startCuttableProxy } from '../support/store/cuttable-proxy.ts';

const faketime = await ensureFaketime().then(
  (path) => ({ path, obstacle: path === undefined ? 'libfaketime has no library here' : null }),
  (error: unknown) => ({ path: undefined, obstacle: String(error) }),
);
/** Not one of these may be near: a lease lost or a deadline that strikes is the clock's doing. */
const SYSTEM = `runs: {heartbeat: 1s, deadAfter: 5m, grace: 5s, maxRunning: 1, sandboxWait: 30m}
images: {isOn: false}
brake: {isOn: false}
`;
const JUMPS = ['+2h', '-2h'];
type Seat = 'a' | 'b';

/** A program whose wall clock is what the file of its seat says. */
async function startWithClock(world: CountingWorld, seat: Seat): Promise<Gantry> {
  setClock(world, seat, '+0');
  return await world.start(seat, {
    LD_PRELOAD: faketime.path ?? '',
    FAKETIME_TIMESTAMP_FILE: clockOf(world, seat),
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
}

function setClock(world: CountingWorld, seat: Seat, offset: string): void {
  writeFileSync(clockOf(world, seat), `${offset}\n`);
}

function clockOf({ folder }: CountingWorld, seat: Seat): string {
  return join(folder, `clock-${seat}`);
}

async function ask(world: CountingWorld, pipeline: string, seconds: number): Promise<string> {
  return (await world.load.ask({ pipeline, data: { seconds } })) ?? '';
}

/** All of them end, and well. */
async function untilSucceeded(world: CountingWorld, url: string, ids: readonly string[], when: string): Promise<void> {
  for (const id of ids) {
    const read = async (): Promise<{ state: string; finishedAt: string | null }> =>
      (await request(`${url}/api/v1/runs/${id}`)).body as { state: string; finishedAt: string | null };
    await world.until(`run ${id} to end ${when}`, async () => (await read()).finishedAt !== null);
    expect((await read()).state).toBe('succeeded');
  }
}

/** Runs that wait without a worker: for a decision within the hour, for the next attempt after a long backoff. */
async function waitWithoutWorker(world: CountingWorld): Promise<{ readonly asked: string; readonly patient: string }> {
  const start = async (pipeline: string, fails: number): Promise<string> =>
    (await world.load.ask({ pipeline, data: { seconds: 0, fails } })) ?? '';
  const [asked, patient] = [await start('asked', 0), await start('patient', 1)];
  const isWaiting = (run: Run): boolean => run.state === 'waiting' && [asked, patient].includes(run.id);
  await world.until('two runs to wait without a worker', async () => {
    return (await world.inStore(listAllRuns)).filter(isWaiting).length === 2;
  });
  return { asked, patient };
}

test('changes no timeout and no lease when the clock jumps by hours', { timeout: 900_000 }, async ({ skip }) => {
  skip(faketime.path === undefined, faketime.obstacle ?? '');
  const seed = faultSeed();
  await using world = await CountingWorld.open({ seed, system: SYSTEM });
  const { url } = await startWithClock(world, 'a');
  for (const jump of JUMPS) {
    const { asked, patient } = await waitWithoutWorker(world);
    const underWay = await ask(world, 'once', 2);
    await world.untilActed('the plugin to be at work', underWay);
    // There is one place: these wait for it over the jump.
    const waiting = [await ask(world, 'chain', 0), await ask(world, 'quick', 0)];
    setClock(world, 'a', jump);
    await untilSucceeded(world, url, [underWay, ...waiting, patient], `after the jump to ${jump}`);
    world.load.decider.take(asked, 'approve');
    await world.load.decider.decideAll();
    await untilSucceeded(world, url, [asked], `after the jump to ${jump}`);
  }
  await world.settle();
  expect(await world.leftovers()).toEqual([]);
  const figures = await world.judge();
  await reportFigures('jumps of the clock', { seed, jumps: JUMPS.length, ...figures });
});

test.skipIf(!hasFerretdb())(
  'takes nothing over when the clocks of two programs on one database jump apart by hours',
  { timeout: 900_000 },
  async ({ skip }) => {
    skip(faketime.path === undefined, faketime.obstacle ?? '');
    const seed = faultSeed();
    await using server = await startFerretdb();
    await using proxy = await startCuttableProxy(server.uri, { isSerial: true });
    await using world = await CountingWorld.open({ seed, system: SYSTEM, storeUri: proxy.uri, directUri: server.uri });
    const { url } = await startWithClock(world, 'a');
    await startWithClock(world, 'b');
    for (const jump of JUMPS) {
      // Each has one place: one run is at work in each, the others wait.
      const underWay = [await ask(world, 'once', 2), await ask(world, 'again', 2)];
      for (const id of underWay) await world.untilActed('the plugins to be at work', id);
      const waiting = [await ask(world, 'quick', 0), await ask(world, 'mixed', 0)];
      setClock(world, 'a', jump);
      setClock(world, 'b', jump.startsWith('+') ? jump.replace('+', '-') : jump.replace('-', '+'));
      await untilSucceeded(world, url, [...underWay, ...waiting], `after the jump to ${jump}`);
    }
    await world.settle();
    expect(await world.leftovers()).toEqual([]);
    const figures = await world.judge();
    // Nobody was taken for dead, whatever the clocks said.
    expect(figures).toMatchObject({ epochMax: 1, declaredUnknown: 0 });
    await reportFigures('jumps of the clocks of two programs (FerretDB)', { seed, jumps: JUMPS.length, ...figures });
  },
);
