// Runs that are accepted while the engine of the worker is away: they wait in the queue, and the bound of the queue holds.
import { describe, expect, test } from 'vitest';
import { makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

const REQUEST = { pipeline: 'default', trigger: 'api', params: {}, data: {} } as const;

function worldWithoutEngine(maxQueued = 100): RunWorld {
  const world = new RunWorld({ versions: [makePlugin('one')], settings: { maxQueued } });
  world.isEngineAway = true;
  return world;
}

describe('while the engine is away', () => {
  test('accepted runs stay queued, and are begun as soon as it is back', async () => {
    const world = worldWithoutEngine();
    await world.runs.start();
    const { run } = await world.runs.startRun(REQUEST);
    await world.clock.advance(120_000);
    expect(await world.find(run.id)).toMatchObject({ state: 'queued', epoch: 0 });
    expect(world.invoker.calls).toEqual([]);
    world.isEngineAway = false;
    world.runs.wake();
    expect((await world.settle(run.id)).state).toBe('succeeded');
    await world.close();
  });

  test('runs that were queued before are not claimed', async () => {
    const world = worldWithoutEngine();
    const { run } = await world.runs.startRun(REQUEST);
    await world.runs.start();
    await world.clock.advance(60_000);
    expect(await world.find(run.id)).toMatchObject({ state: 'queued', epoch: 0 });
    await world.close();
    expect(await world.store.countQueued('default', 10, patient())).toBe(1);
  });

  test('a full queue refuses with when to come back', async () => {
    const world = worldWithoutEngine(2);
    await world.runs.start();
    await world.runs.startRun(REQUEST);
    await world.runs.startRun(REQUEST);
    await expect(world.runs.startRun(REQUEST)).rejects.toMatchObject({ code: 'QUEUE_FULL', retryAfterMs: 1_000 });
    await world.close();
  });

  test('runs whose time is up meanwhile end, whether they wait in the queue or for something', async () => {
    const world = worldWithoutEngine();
    await world.runs.start();
    const ids = [];
    for (const state of ['queued', 'waiting'] as const) {
      const { run } = await world.runs.startRun(REQUEST);
      const changes = { state, deadlineAtMs: world.clock.nowMs() + 10_000, readyAtMs: Number.MAX_SAFE_INTEGER };
      await world.store.updateRun(run.id, { states: ['queued'] }, changes, patient());
      ids.push(run.id);
    }
    const { run: patientRun } = await world.runs.startRun(REQUEST);
    for (const id of ids)
      expect(await world.settle(id, 120_000, 500)).toMatchObject({
        state: 'timed_out',
        failure: { code: 'TIMED_OUT' },
      });
    expect((await world.find(patientRun.id)).state).toBe('queued');
    expect(world.invoker.calls).toEqual([]);
    await world.close();
  });
});
