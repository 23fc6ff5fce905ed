// Tags: which plugins of a run are called.
import { describe, expect, test } from 'vitest';
import type { Run } from '../../../src/core/run.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';

describe('tags', () => {
  const plugins = [
    { name: 'plain' },
    { name: 'nightly', tags: ['night', 'slow'] },
    { name: 'slow', hooks: ['fetch', 'only'], tags: ['slow'] },
  ];

  async function calledWith(tags: readonly string[], skipTags: readonly string[]): Promise<[string[], Run]> {
    const world = new RunWorld({
      pipelines: [makePipeline({ hookNames: ['fetch', 'only'] })],
      versions: plugins.map(({ name, ...changes }) => makePlugin(name, changes)),
    });
    await world.runs.start();
    const { run } = await world.runs.startRun({
      pipeline: 'default',
      trigger: 'cli',
      params: {},
      data: {},
      tags,
      skipTags,
    });
    const ended = await world.settle(run.id);
    await world.close();
    return [world.invoker.calls.map(({ plugin }) => plugin), ended];
  }

  test('choose the plugins of a run', async () => {
    expect((await calledWith([], []))[0]).toEqual(['nightly', 'plain', 'slow', 'slow']);
    expect((await calledWith(['slow'], []))[0]).toEqual(['nightly', 'slow', 'slow']);
    expect((await calledWith(['slow'], ['night']))[0]).toEqual(['slow', 'slow']);
  });

  test('skip a hook whose plugins they leave out, with a note and no warning', async () => {
    const [called, run] = await calledWith([], ['slow']);
    expect(called).toEqual(['plain']);
    expect(run).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(run.hooks[1]).toMatchObject({ state: 'skipped', note: "all its plugins are left out by the run's tags" });
  });
});
