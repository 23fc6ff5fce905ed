// Cancel, wait and drain, through the face that the rest of the program uses.
import { describe, expect, test } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import { untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';
import { newRunId, patient } from '../../support/store/build-records.ts';

const REQUEST = { pipeline: 'default', trigger: 'api', params: {}, data: {} } as const;

async function start(world: RunWorld): Promise<RunId> {
  return (await world.runs.startRun(REQUEST)).run.id;
}

/** A world with one run whose plugin works until it is stopped. */
async function busyWorld(options: ConstructorParameters<typeof RunWorld>[0] = {}) {
  const world = new RunWorld({ versions: [makePlugin('slow')], ...options });
  world.invoker.on('slow', untilStopped);
  await world.runs.start();
  const id = await start(world);
  await world.until(() => world.invoker.calls.length === 1);
  return { world, id };
}

describe('requestCancel', () => {
  test('ends a queued run at once', async () => {
    const world = new RunWorld({ pipelines: [makePipeline({ hookNames: ['fetch', 'publish'] })] });
    const id = await start(world);
    const run = await world.runs.requestCancel(id);
    expect(run).toEqual(await world.find(id));
    expect(run).toMatchObject({ state: 'cancelled', failure: { code: 'CANCELLED' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    expect((await world.store.listEvents(id, 0, 10, patient())).map(({ kind }) => kind)).toEqual([
      'runQueued',
      'runFinished',
    ]);
  });

  test('stores the request for a running run, then stops its plugin without a wait', async () => {
    const { world, id } = await busyWorld();
    const run = await world.runs.requestCancel(id);
    expect(run.cancelRequestedAtMs).toBe(world.clock.nowMs());
    await world.clock.advance(0);
    expect(await world.find(id)).toMatchObject({ state: 'cancelled', hooks: [{ state: 'cancelled' }] });
    await world.close();
  });

  test('reaches a run of another process within a second', async () => {
    const store = new HangingStore();
    const { world, id } = await busyWorld({ store, settings: { isOnlyWorker: false } });
    const other = new RunWorld({ store });
    await other.runs.requestCancel(id);
    expect((await world.settle(id, 1_500, 50)).state).toBe('cancelled');
    await world.close();
  });

  test('is kept by a run that went back to the queue in between', async () => {
    const world = new RunWorld({ versions: [makePlugin('one')] });
    const id = await start(world);
    await world.store.updateRun(id, { states: ['queued'] }, { cancelRequestedAtMs: 1 }, patient());
    await world.runs.start();
    expect((await world.settle(id)).state).toBe('cancelled');
    expect(world.invoker.calls).toEqual([]);
    await world.close();
  });

  test('refuses runs that do not exist or have ended', async () => {
    const world = new RunWorld();
    await expect(world.runs.requestCancel(newRunId())).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    const id = await start(world);
    await world.runs.requestCancel(id);
    await expect(world.runs.requestCancel(id)).rejects.toMatchObject({ code: 'RUN_FINISHED' });
  });

  test('finds the run wherever it is when it is claimed in between', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store });
    const id = await start(world);
    const release = store.hold('updateRun');
    const cancelling = world.runs.requestCancel(id);
    const claim = { worker: world.settings.workerId, limit: 1, nowMs: world.clock.nowMs(), pipelines: ['default'] };
    await store.claimRuns(claim, patient());
    release();
    expect(await cancelling).toMatchObject({ state: 'running', cancelRequestedAtMs: world.clock.nowMs() });
  });
});

describe('waitSettled', () => {
  test('resolves with the ended run, without a poll', async () => {
    const { world, id } = await busyWorld();
    const waiting = world.runs.waitSettled(id, patient());
    await world.runs.requestCancel(id);
    await world.clock.advance(0);
    expect((await waiting).state).toBe('cancelled');
    await world.close();
  });

  test('sees the end of a run in another process', async () => {
    const store = new HangingStore();
    const { world, id } = await busyWorld({ store });
    const other = new RunWorld({ store });
    const waiting = other.runs.waitSettled(id, patient());
    await world.runs.requestCancel(id);
    await world.clock.advance(0);
    await other.clock.advance(1_000);
    expect((await waiting).state).toBe('cancelled');
    await world.close();
  });

  test('rejects with the reason of its signal, and for a run that does not exist', async () => {
    const world = new RunWorld();
    const id = await start(world);
    const patience = new AbortController();
    const waiting = world.runs.waitSettled(id, { signal: patience.signal });
    patience.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(world.runs.waitSettled(newRunId(), patient())).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('drain', () => {
  test('refuses new runs, leaves queued ones queued and lets running ones end', async () => {
    const world = new RunWorld({ versions: [makePlugin('slow')], settings: { maxRunning: 1 } });
    const gate = Promise.withResolvers<{ data: null }>();
    world.invoker.on('slow', () => gate.promise);
    await world.runs.start();
    const [running, queued] = [await start(world), await start(world)];
    await world.until(() => world.invoker.calls.length === 1);
    let isDrained = false;
    const draining = world.runs.drain(patient().signal).finally(() => {
      isDrained = true;
    });
    await expect(world.runs.startRun(REQUEST)).rejects.toMatchObject({ code: 'DRAINING' });
    await world.clock.advance(1_000);
    expect(isDrained).toBe(false);
    gate.resolve({ data: null });
    await world.until(() => isDrained);
    expect(await draining).toBe(true);
    expect((await world.find(running)).state).toBe('succeeded');
    expect((await world.find(queued)).state).toBe('queued');
    expect(await world.store.listWorkers(patient())).toEqual([]);
    expect(world.clock.pendingTimers).toBe(0);
  });

  test('puts a run back into the queue when the grace is over and its plugin may be called again', async () => {
    const { world, id } = await busyWorld({ versions: [makePlugin('slow', { idempotent: true })] });
    await world.close();
    expect(await world.find(id)).toMatchObject({
      state: 'queued',
      worker: null,
      hooks: [{ state: 'pending', startedAtMs: null }],
    });
    const next = new RunWorld({ store: world.store, clock: world.clock, versions: [makePlugin('slow')] });
    await next.runs.start();
    expect(await next.settle(id)).toMatchObject({ state: 'succeeded', epoch: 2 });
    expect(next.invoker.calls[0]?.request.attempt).toBe(2);
    await next.close();
  });

  test('fails a run when the grace is over and its plugin may not be called again', async () => {
    const { world, id } = await busyWorld();
    await world.close();
    expect(await world.find(id)).toMatchObject({ state: 'failed', failure: { code: 'DRAINING', hook: 'fetch' } });
  });

  test('ends even with a sandbox that never answers and a store that is away', async () => {
    const store = new HangingStore();
    const { world } = await busyWorld({ store });
    world.invoker.on('slow', () => new Promise(() => undefined));
    await start(world);
    await world.until(() => world.invoker.calls.length === 2);
    store.isAway = true;
    await world.close();
    // What `gantry up` makes its exit code of: something was let go.
    expect(await world.runs.drain(patient().signal)).toBe(false);
    expect(world.runs.runningCount()).toBe(0);
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('the loop', () => {
  test('keeps no more runs in flight than it may, and claims the next as one ends', async () => {
    const world = new RunWorld({ versions: [makePlugin('slow')], settings: { maxRunning: 2 } });
    world.invoker.on('slow', untilStopped);
    await world.runs.start();
    const ids = [await start(world), await start(world), await start(world)];
    await world.clock.advance(5_000);
    expect(world.runs.runningCount()).toBe(2);
    expect(world.invoker.calls).toHaveLength(2);
    const [first] = ids;
    if (first !== undefined) await world.runs.requestCancel(first);
    await world.clock.advance(0);
    expect(world.invoker.calls).toHaveLength(3);
    await world.close();
  });

  test('claims the run of a pipeline with a higher priority first, though it came last', async () => {
    const names = { urgent: 5, default: 0 } as const;
    const world = new RunWorld({
      versions: [makePlugin('slow', { pipelines: ['*'] })],
      pipelines: Object.entries(names).map(([name, priority]) => makePipeline({ name, priority })),
      settings: { maxRunning: 1 },
    });
    world.invoker.on('slow', untilStopped);
    await world.runs.start();
    const { run: first } = await world.runs.startRun({ ...REQUEST, pipeline: 'urgent' });
    await world.until(() => world.invoker.calls.length === 1);
    const early = await start(world);
    const { run: urgent } = await world.runs.startRun({ ...REQUEST, pipeline: 'urgent' });
    await world.runs.requestCancel(first.id);
    await world.until(() => world.invoker.calls.length === 2);
    expect([(await world.find(urgent.id)).state, (await world.find(early)).state]).toEqual(['running', 'queued']);
    await world.close();
  });

  test('finds runs that another process queued within its longest rest', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store, versions: [makePlugin('one')] });
    await world.runs.start();
    await world.clock.advance(20_000);
    const id = await start(new RunWorld({ store, clock: world.clock }));
    await world.clock.advance(1_500);
    expect((await world.find(id)).state).toBe('succeeded');
    await world.close();
  });

  test('starts while the store is away, and claims once it is back', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store, versions: [makePlugin('one')] });
    const id = await start(world);
    store.isAway = true;
    await world.runs.start();
    await world.clock.advance(30_000);
    store.isAway = false;
    expect((await world.settle(id)).state).toBe('succeeded');
    await world.close();
  });

  test('goes on when a claim fails or its answer is lost', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store, versions: [makePlugin('one')] });
    await world.runs.start();
    store.loseAnswer('claimRuns');
    const id = await start(world);
    expect((await world.settle(id, 60_000, 100)).state).toBe('succeeded');
    expect(world.invoker.calls).toHaveLength(1);
    await world.close();
  });
});
