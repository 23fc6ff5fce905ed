// Two programs on one database: both work on what either accepted, each knows the other's runs, and a bound holds over both.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import { postJson, request, waitFor } from '../../support/gantry/api.ts';
import { hasFerretdb } from '../../support/ferretdb/start-ferretdb.ts';
import { openTwoPrograms, type TwoPrograms } from '../../support/gantry/two-programs.ts';
import { patient } from '../../support/store/build-records.ts';

const LONG = [{ step: 'sleep', seconds: 480 }];
const SHORT = [{ step: 'sleep', seconds: 0.3 }];
const LIMIT = { timeout: 900_000 };
/** Each program has a clock of its own, which may be off while the machine is busy; a plugin at work sleeps three times as long. */
const CLOCKS_APART_MS = 100;

describe.skipIf(!hasFerretdb())('two programs on one database (not run without the stand-in)', () => {
  let world: TwoPrograms;

  beforeAll(async () => {
    world = await openTwoPrograms();
  }, 900_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  }, 600_000);

  test('share the runs that one of them accepted, tell of each other’s, and cancel them', LIMIT, async () => {
    const [first, second] = world.programs;
    const ids: RunId[] = [];
    for (let count = 0; count < 4; count += 1) ids.push(await world.start(first, 'plain', LONG));
    const runs = await Promise.all(ids.map((id) => world.when(id, ({ state }) => state === 'running', 'to run')));
    const byWorker = Map.groupBy(runs, ({ worker }) => worker);
    expect([...byWorker.values()].map(({ length }) => length)).toEqual([2, 2]);
    const list = await request(`${second.url}/api/v1/runs?limit=10`);
    const listed = (list.body as { items: { id: string; state: string }[] }).items;
    expect(ids.every((id) => listed.some((run) => run.id === id && run.state === 'running'))).toBe(true);
    // Whoever holds it: each program is asked to cancel all four, and the second answer may be that it has ended.
    for (const id of ids.slice(0, 2))
      expect((await postJson(`${first.url}/api/v1/runs/${id}/cancel`, {})).status).toBeLessThan(300);
    for (const id of ids.slice(2))
      expect((await postJson(`${second.url}/api/v1/runs/${id}/cancel`, {})).status).toBeLessThan(300);
    for (const id of ids) expect((await world.ended(second, id)).state).toBe('cancelled');
    const ended = await Promise.all(ids.map((id) => world.find(id)));
    expect(ended.every(({ epoch }) => epoch === 1)).toBe(true);
  });

  test(
    'never have more runs of a concurrency key under way than it admits, and block no other key',
    LIMIT,
    async () => {
      const blocked = await world.start(world.programs[0], 'alone', LONG, { customer: 'blocked' });
      const behind = await world.start(world.programs[1], 'alone', SHORT, { customer: 'blocked' });
      const ids = await Promise.all(
        Array.from({ length: 6 }, (_, index) => {
          const program = world.programs[index % 2] ?? world.programs[0];
          return world.start(program, 'alone', SHORT, { customer: 'shared' });
        }),
      );
      const ended = await Promise.all(
        ids.map((id) => world.when(id, ({ finishedAtMs }) => finishedAtMs !== null, 'to end')),
      );
      expect(ended.map(({ state }) => state)).toEqual(ids.map(() => 'succeeded'));
      const inOrder = ended.toSorted((a, b) => Number(a.startedAtMs) - Number(b.startedAtMs));
      for (const [index, run] of inOrder.entries()) {
        const before = inOrder[index - 1];
        if (before !== undefined)
          expect(run.startedAtMs).toBeGreaterThan(Number(before.finishedAtMs) - CLOCKS_APART_MS);
      }
      expect(await world.find(behind)).toMatchObject({ state: 'queued', needsPlace: true });
      await postJson(`${world.programs[1].url}/api/v1/runs/${blocked}/cancel`, {});
      expect((await world.ended(world.programs[0], behind)).state).toBe('succeeded');
      await waitFor(
        async () => (await world.store.places.listHeld(null, 10, patient())).length === 0,
        'every place to be given back',
      );
    },
  );

  test(
    'leave what is queued to the other one when one is told to end, which waits for what it holds',
    LIMIT,
    async () => {
      const [first, second] = world.programs;
      const ids: RunId[] = [];
      for (let count = 0; count < 8; count += 1)
        ids.push(await world.start(first, 'plain', [{ step: 'sleep', seconds: 2 }]));
      expect(await first.end('SIGTERM')).toBe(0);
      for (const id of ids) expect((await world.ended(second, id)).state).toBe('succeeded');
      const runs = await Promise.all(ids.map((id) => world.find(id)));
      expect(runs.map(({ epoch }) => epoch)).toEqual(ids.map(() => 1));
      expect(await world.store.listWorkers(patient())).toHaveLength(1);
    },
  );
});
