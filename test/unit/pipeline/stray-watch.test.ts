// Runs of pipelines that are gone are found without reading the whole queue at every sweep, and never taken from a program that knows them.
import { expect, test } from 'vitest';
import { StrayWatch } from '../../../src/pipeline/worker/stray-watch.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, RunWorld } from '../../support/pipeline/run-world.ts';
import { buildRun, patient } from '../../support/store/build-records.ts';

test('reads the queue once, again when the pipelines have changed, and otherwise seldom', async () => {
  const store = new HangingStore();
  const world = new RunWorld({ store });
  const run = buildRun({ pipeline: 'gone', readyAtMs: world.clock.nowMs() });
  await store.insertRun(run, patient());
  const watch = new StrayWatch();
  const first = await watch.find(world.ports, world.settings);
  expect(first.map(({ id }) => id)).toEqual([run.id]);
  for (let sweep = 0; sweep < 30; sweep += 1) expect(await watch.find(world.ports, world.settings)).toEqual([]);
  expect(store.counts.get('listOpenRuns')).toBe(1);
  const changed = { ...world.ports, pipelines: () => new Map([['other', makePipeline({ name: 'other' })]]) };
  expect((await watch.find(changed, world.settings)).map(({ id }) => id)).toEqual([run.id]);
  expect(store.counts.get('listOpenRuns')).toBe(2);
  for (let sweep = 0; sweep < 70; sweep += 1) await watch.find(world.ports, world.settings);
  expect(store.counts.get('listOpenRuns')).toBeLessThanOrEqual(4);
});

test('leaves a run alone that another program may have accepted for a pipeline that is new', async () => {
  const world = new RunWorld({ settings: { isOnlyWorker: false } });
  const run = buildRun({ pipeline: 'new', readyAtMs: world.clock.nowMs() });
  await world.store.insertRun(run, patient());
  expect(await new StrayWatch().find(world.ports, world.settings)).toEqual([]);
  await world.clock.advance(400_000);
  expect((await new StrayWatch().find(world.ports, world.settings)).map(({ id }) => id)).toEqual([run.id]);
});
