// Runs whose plugins are tried again, from the door to the end: short waits are sat out, long ones are waiting runs, and both survive a
// program that ends in them.
import { afterEach, describe, expect, it } from 'vitest';
import { RETRY_DEFAULTS, type RetryPolicy } from '../../../src/core/retry.ts';
import type { Invocation } from '../../../src/core/invocation.ts';
import type { RunId } from '../../../src/core/ids.ts';
import { CRASH, type Act } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

const SHORT: RetryPolicy = { ...RETRY_DEFAULTS, max: 2, initialMs: 200, capMs: 200 };
const LONG: RetryPolicy = { ...RETRY_DEFAULTS, max: 2, initialMs: 60_000, capMs: 60_000 };

const worlds: RunWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function open(options: WorldOptions): Promise<RunWorld> {
  const world = new RunWorld(options);
  worlds.push(world);
  await world.runs.start();
  await world.clock.advance(50);
  return world;
}

async function start(world: RunWorld, pipeline = 'default'): Promise<RunId> {
  const { run } = await world.runs.startRun({ pipeline, trigger: 'api', params: {}, data: {} });
  return run.id;
}

/** Fails so often, then succeeds. */
function failing(times: number): Act {
  let calls = 0;
  return () => {
    calls += 1;
    return calls <= times ? { outcome: CRASH } : { data: { calls } };
  };
}

async function attemptsOf(world: RunWorld, id: RunId, plugin = 'flaky'): Promise<readonly Invocation[]> {
  const all = await world.store.listInvocations(id, patient());
  return all.filter((one) => one.plugin === plugin);
}

const flaky = makePlugin('flaky', { failHard: true });

describe('a plugin that fails', () => {
  it('is called again until it succeeds, each attempt being an invocation of its own', async () => {
    const pipeline = makePipeline({ hooks: [{ name: 'fetch', retries: SHORT }] });
    const world = await open({ pipelines: [pipeline], versions: [flaky] });
    world.invoker.on('flaky', failing(2));
    const id = await start(world);
    expect(await world.settle(id)).toMatchObject({ state: 'succeeded', epoch: 1, warnings: [] });
    const attempts = await attemptsOf(world, id);
    expect(attempts.map(({ attempt, state }) => [attempt, state])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'succeeded'],
    ]);
    for (const [index, { finishedAtMs, retryAtMs }] of attempts.slice(0, 2).entries()) {
      const next = attempts[index + 1]?.createdAtMs ?? 0;
      expect((retryAtMs ?? 0) - (finishedAtMs ?? 0)).toBeGreaterThanOrEqual(100);
      expect(next).toBeGreaterThanOrEqual(retryAtMs ?? 0);
    }
    expect(attempts[2]?.retryAtMs).toBeNull();
    expect(await world.payload(id, 'data')).toEqual({ calls: 3 });
  });

  it('fails its run when its attempts are used up, once', async () => {
    const world = await open({ pipelines: [makePipeline({ retries: SHORT })], versions: [flaky] });
    world.invoker.on('flaky', failing(9));
    const id = await start(world);
    const run = await world.settle(id);
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'crash', hook: 'fetch', plugin: 'flaky' } });
    expect(await attemptsOf(world, id)).toHaveLength(3);
  });

  it('is not called again when the hook has no time left for it', async () => {
    const pipeline = makePipeline({ hooks: [{ name: 'fetch', retries: LONG, timeoutMs: 20_000 }] });
    const world = await open({ pipelines: [pipeline], versions: [flaky] });
    world.invoker.on('flaky', failing(9));
    const id = await start(world);
    expect(await world.settle(id)).toMatchObject({ state: 'failed' });
    expect(await attemptsOf(world, id)).toHaveLength(1);
  });
});

describe('a long wait', () => {
  const pipeline = makePipeline({
    timeoutMs: 600_000,
    hooks: [{ name: 'prepare' }, { name: 'fetch', retries: LONG }, { name: 'store' }],
  });
  const versions = [
    flaky,
    makePlugin('steady', { hooks: ['fetch'] }),
    makePlugin('first', { hooks: ['prepare'] }),
    makePlugin('last', { hooks: ['store'] }),
  ];

  it('holds neither worker nor place, and calls nothing twice that had an end', async () => {
    const world = await open({ pipelines: [pipeline], versions, settings: { maxRunning: 1 } });
    world.invoker.on('flaky', failing(1));
    world.invoker.on('steady', () => ({ data: { steady: true } }));
    const id = await start(world);
    await world.until(async () => (await world.find(id)).state === 'waiting');
    const waiting = await world.find(id);
    const [failed] = await attemptsOf(world, id);
    expect(waiting).toMatchObject({ worker: null, epoch: 1, readyAtMs: failed?.retryAtMs });
    expect(waiting.hooks.map(({ state }) => state)).toEqual(['succeeded', 'waiting', 'pending']);
    expect(world.runs.runningCount()).toBe(0);
    expect(world.events.map(({ kind }) => kind)).toContain('runSuspended');
    expect(await world.settle(id, 90_000)).toMatchObject({ state: 'succeeded', epoch: 2 });
    expect(world.invoker.calls.map(({ plugin }) => plugin).toSorted()).toEqual([
      'first',
      'flaky',
      'flaky',
      'last',
      'steady',
    ]);
    expect(await world.payload(id, 'data')).toEqual({ calls: 2, steady: true });
  });

  it('goes on in another program, with the attempts and the time that were left', async () => {
    const first = await open({ pipelines: [pipeline], versions });
    first.invoker.on('flaky', failing(2));
    const id = await start(first);
    await first.until(async () => (await first.find(id)).state === 'waiting');
    const { readyAtMs } = await first.find(id);
    await first.close();
    worlds.length = 0;
    const { store, clock, invoker } = first;
    const second = await open({ pipelines: [pipeline], versions, store, clock, invoker });
    await second.until(() => clock.nowMs() > readyAtMs - 5_000);
    expect(await attemptsOf(second, id)).toHaveLength(1);
    expect(await second.settle(id, 200_000)).toMatchObject({ state: 'succeeded' });
    const attempts = await attemptsOf(second, id);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(attempts[1]?.createdAtMs).toBeGreaterThanOrEqual(readyAtMs);
  });

  it('ends with its run when that is cancelled, or when its time is up', async () => {
    const world = await open({ pipelines: [pipeline], versions });
    world.invoker.on('flaky', failing(9));
    const [cancelled, late] = [await start(world), await start(world)];
    await world.until(async () => (await world.find(late)).state === 'waiting');
    await world.until(async () => (await world.find(cancelled)).state === 'waiting');
    await world.runs.requestCancel(cancelled);
    const run = await world.find(cancelled);
    expect(run).toMatchObject({ state: 'cancelled', failure: { code: 'CANCELLED', hook: 'fetch' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['succeeded', 'cancelled', 'cancelled']);
    await world.store.updateRun(late, { states: ['waiting'] }, { deadlineAtMs: 1, readyAtMs: 1 }, patient());
    expect(await world.settle(late)).toMatchObject({ state: 'timed_out', failure: { code: 'TIMED_OUT' } });
  });
});
