// Several programs on one database: frozen for longer than a lease at every named place and resumed, killed under one another's eyes, and cut off
// from it one by one.
// FerretDB stands in for MongoDB; its updates are not atomic, so the proxy in front of it lets one command through at a time.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { WorkerId } from '../../src/core/ids.ts';
import type { Run } from '../../src/core/run.ts';
import { CountingWorld } from '../support/faults/counting-world.ts';
import { LOAD_PLACES as PLACES } from '../support/faults/load-places.ts';
import { processState } from '../support/faults/process-state.ts';
import { listAllRuns } from '../support/faults/read-history.ts';
import { reportFigures } from '../support/faults/report-figures.ts';
import { faultSeed } from '../support/faults/seeded-random.ts';
import { spread } from '../support/faults/spread.ts';
import { SUITE_SIZE } from '../support/faults/suite-size.ts';
import { hasFerretdb, startFerretdb } from '../support/ferretdb/start-ferretdb.ts';
import { request } from '../support/gantry/api.ts';
import type { Gantry } from '../support/gantry/start-gantry.ts';
import { startCuttableProxy, type CuttableProxy } from '../support/store/cuttable-proxy.ts';

/** A fault of the whole lease and so much more. */
const BEYOND_MS = 500;
/** After so many kills one program is cut off from the database. */
const CUT_OFF_EVERY = 6;
const { sharedKills } = SUITE_SIZE;
const LIFE_MS = 1_000;

test.skipIf(!hasFerretdb())(
  'commits nothing by a program that was frozen for longer than its lease, at any named place',
  { timeout: 3_600_000 },
  async () => {
    const seed = faultSeed();
    await using server = await startFerretdb();
    await using proxy = await startCuttableProxy(server.uri, { isSerial: true });
    await using world = await CountingWorld.open({ seed, storeUri: proxy.uri, directUri: server.uri });
    const startedMs = performance.now();
    await world.startFirst('b');
    const [other] = await world.inStore((store) => store.listWorkers({ signal: AbortSignal.timeout(60_000) }));
    if (other === undefined) throw new Error('the first program has not signed on');
    let pid = 0;
    // Some places are passed before it listens, so its start is waited for at the end.
    const armed = { GANTRY_TEST_FAILPOINT: PLACES.map((at) => `${at}:freeze`).join(',') };
    const starting = world.start('a', armed, (spawned) => {
      pid = spawned;
    });
    starting.catch(() => undefined);
    await world.until('the program to be there', () => pid !== 0);
    world.load.start();
    const isStopped = (): boolean => processState(pid) === 'T';
    const takenOverMs: number[] = [];
    for (const [index] of PLACES.entries()) {
      await untilFrozen(world, isStopped, index, other.id);
      world.hide('a');
      const frozenMs = performance.now();
      const settling = takenOver(world, other.id, index).then(() => {
        takenOverMs.push(performance.now() - frozenMs);
      });
      await Promise.all([pause(world.leaseMs + BEYOND_MS), settling]);
      await world.look();
      // It may be stopped again by the next place before anyone could look: a kill with SIGCONT has its effect at once.
      process.kill(pid, 'SIGCONT');
      world.show('a');
    }
    await starting;
    await world.settle();
    expect(await world.leftovers()).toEqual([]);
    const figures = await world.judge();
    const faults = { freezes: PLACES.length, seconds: (performance.now() - startedMs) / 1000 };
    await reportFigures('frozen beyond the lease at every failpoint, two programs (FerretDB)', {
      seed,
      // The last place is waited for otherwise.
      takenOverAfterFreezeMs: spread(takenOverMs.slice(0, -1)),
      ...faults,
      ...figures,
    });
  },
);

/** Where nothing is forsaken nothing is taken over: when only that place is left, the other one dies at work. */
async function untilFrozen(
  world: CountingWorld,
  isStopped: () => boolean,
  index: number,
  other: WorkerId,
): Promise<void> {
  const isPassed = (at: string): boolean => world.logOf('a').includes(`"at":"${at}","msg":"the program is frozen"`);
  const isLast = index === PLACES.length - 1;
  if (isLast) await world.until('the log of the freezes', () => PLACES.filter(isPassed).length >= index);
  if (isLast && !isPassed('run-taken-over') && !isStopped()) {
    await leaveWork(world, other);
    await world.mourn('b');
    await world.until('the program to freeze in recovery', isStopped);
    await world.start('b');
  }
  await world.until(`freeze ${String(index + 1)}`, isStopped);
}

/** Has the other program hold a run for long. Each may be claimed by either; once all places are taken, the latest waits for long. */
async function leaveWork(world: CountingWorld, other: WorkerId): Promise<void> {
  world.hide('a');
  const asked = new Set<string | null>();
  await world.until('the other program to hold a run', async () => {
    asked.add(await world.load.ask({ pipeline: 'once', data: { seconds: 55 } }));
    const runs = await world.inStore(listAllRuns);
    return runs.some(({ id, state, worker }) => asked.has(id) && state === 'running' && worker === other);
  });
}

/** Waits until every run that the frozen program holds has ended or is held by the other one. */
async function takenOver(world: CountingWorld, other: WorkerId, index: number): Promise<void> {
  // In the last round the other program is a new one, under another name: the end of all runs tells as much.
  if (index === PLACES.length - 1) return;
  const isHeld = ({ state, worker }: Run): boolean => state === 'running' && worker !== null && worker !== other;
  await world.until('the runs of the frozen program to be taken over', async () => {
    const runs = await world.inStore(listAllRuns);
    return !runs.some(isHeld);
  });
}

test.skipIf(!hasFerretdb())(
  `keeps a sound history over ${String(sharedKills)} kills among three programs on one database, one of them cut off`,
  { timeout: sharedKills * 120_000 },
  async () => {
    const seed = faultSeed();
    await using server = await startFerretdb();
    await using proxy = await startCuttableProxy(server.uri, { isSerial: true });
    await using world = await CountingWorld.open({
      seed,
      storeUri: proxy.uri,
      directUri: server.uri,
      lanes: 6,
      isTicking: true,
    });
    const startedMs = performance.now();
    await using link = await startCuttableProxy(proxy.uri);
    const seats = ['a', 'b', 'c'];
    const start = (seat: string): Promise<Gantry> =>
      world.start(seat, seat === 'a' ? { GANTRY_STORE_URI: link.uri } : {});
    await world.startFirst('b');
    for (const seat of ['a', 'c']) await start(seat);
    world.load.start();
    for (let kill = 1; kill <= sharedKills; kill += 1) {
      await pause(world.random.below(LIFE_MS));
      const seat = world.random.pick(seats);
      await world.mourn(seat);
      const { url } = await start(seat);
      expect((await request(`${url}/healthz`)).status).toBe(200);
      if (kill % CUT_OFF_EVERY === 0) await cutOff(world, link);
    }
    await world.settle();
    expect(await world.leftovers()).toEqual([]);
    const figures = await world.judge();
    const promised = { leasePlusFiveSecondsMs: world.leaseMs + 5_000 };
    const faults = {
      ...promised,
      programs: seats.length,
      kills: sharedKills,
      seconds: (performance.now() - startedMs) / 1000,
    };
    await reportFigures('kills among three programs on one database (FerretDB)', { seed, ...faults, ...figures });
  },
);

/** The first program alone has no database for longer than its lease, and comes back with what it had at work. */
async function cutOff(world: CountingWorld, link: CuttableProxy): Promise<void> {
  await world.untilActed('a plugin to act');
  world.hide('a');
  const comeBack = link.goDown();
  await pause(world.leaseMs + BEYOND_MS);
  await world.look();
  comeBack();
  world.show('a');
}
