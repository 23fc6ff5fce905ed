import { expect, test } from 'vitest';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';

test('carries a run from the door to succeeded', async () => {
  const world = new RunWorld({
    pipelines: [makePipeline({ hookNames: ['fetch', 'publish'] })],
    versions: [makePlugin('reader'), makePlugin('writer', { hooks: ['publish'] })],
  });
  world.invoker.on('reader', () => ({ data: { rows: 3 } }));
  await world.runs.start();
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: { day: 1 } });
  const ended = await world.settle(run.id);
  expect(ended).toMatchObject({ state: 'succeeded', failure: null, warnings: [], epoch: 1 });
  expect(await world.payload(run.id, 'data')).toEqual({ day: 1, rows: 3 });
  expect(world.invoker.calls.map(({ plugin }) => plugin)).toEqual(['reader', 'writer']);
  await world.close();
});
