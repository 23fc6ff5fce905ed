// Runs of pipelines that are gone are found without reading the queue, whatever its length, and never taken from a program that knows them.
import { expect, test } from 'vitest';
import { StrayWatch } from '../../../src/pipeline/worker/stray-watch.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, RunWorld } from '../../support/pipeline/run-world.ts';
import { buildRun, patient } from '../../support/store/build-records.ts';

test('looks once, again when the pipelines have changed, and otherwise seldom', async () => {
  const store = new HangingStore();
  const world = new RunWorld({ store });
  const run = buildRun({ pipeline: 'gone', readyAtMs: world.clock.nowMs() });
  await store.insertRun(run, patient());
  const watch = new StrayWatch();
  const first = await watch.find(world.ports, world.settings);
  expect(first.map(({ id }) => id)).toEqual([run.id]);
  for (let sweep = 0; sweep < 30; sweep += 1) expect(await watch.find(world.ports, world.settings)).toEqual([]);
  expect(store.counts.get('listNames')).toBe(1);
  const changed = { ...world.ports, pipelines: () => new Map([['other', makePipeline({ name: 'other' })]]) };
  expect((await watch.find(changed, world.settings)).map(({ id }) => id)).toEqual([run.id]);
  expect(store.counts.get('listNames')).toBe(2);
  for (let sweep = 0; sweep < 70; sweep += 1) await watch.find(world.ports, world.settings);
  expect(store.counts.get('listNames')).toBeLessThanOrEqual(4);
});

test('reads no queued run of a pipeline that is declared', async () => {
  const store = new HangingStore();
  const world = new RunWorld({ store });
  const [known = ''] = world.pipelines.keys();
  for (let count = 0; count < 30; count += 1) await store.insertRun(buildRun({ pipeline: known }), patient());
  expect(await new StrayWatch().find(world.ports, world.settings)).toEqual([]);
  expect(store.counts.get('listRuns') ?? 0).toBe(0);
});

test('finds more runs than one look may hold in the sweeps that follow at once', async () => {
  const world = new RunWorld();
  const runs = Array.from({ length: 620 }, () => buildRun({ pipeline: 'gone', readyAtMs: 0, createdAtMs: 0 }));
  for (const run of runs) await world.store.insertRun(run, patient());
  const watch = new StrayWatch();
  const first = await watch.find(world.ports, world.settings);
  expect(first).toHaveLength(500);
  for (const { id } of first) await world.store.updateRun(id, { states: ['queued'] }, { state: 'failed' }, patient());
  expect(await watch.find(world.ports, world.settings)).toHaveLength(120);
});

test('leaves a run alone that another program may have accepted for a pipeline that is new', async () => {
  const world = new RunWorld({ settings: { isOnlyWorker: false } });
  const run = buildRun({ pipeline: 'new', readyAtMs: world.clock.nowMs() });
  await world.store.insertRun(run, patient());
  expect(await new StrayWatch().find(world.ports, world.settings)).toEqual([]);
  await world.clock.advance(400_000);
  expect((await new StrayWatch().find(world.ports, world.settings)).map(({ id }) => id)).toEqual([run.id]);
});

test('finds a run that waits in a pipeline that is gone once its time has come, not before', async () => {
  const world = new RunWorld();
  const readyAtMs = world.clock.nowMs() + 60_000;
  const run = buildRun({ pipeline: 'gone', state: 'waiting', readyAtMs, createdAtMs: world.clock.nowMs() });
  await world.store.insertRun(run, patient());
  expect(await new StrayWatch().find(world.ports, world.settings)).toEqual([]);
  await world.clock.advance(60_000);
  expect((await new StrayWatch().find(world.ports, world.settings)).map(({ id }) => id)).toEqual([run.id]);
});
