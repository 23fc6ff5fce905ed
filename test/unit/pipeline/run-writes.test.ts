// How often a run writes, and what is durable when: a write less must never be one that something depended on.
import { describe, expect, test } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { WriteBehindStore } from '../../../src/adapters/write-behind/write-behind-store.ts';
import type { RunId } from '../../../src/core/ids.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { endOf, FakeInvoker } from '../../support/pipeline/fake-invoker.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { newWorkerId, patient } from '../../support/store/build-records.ts';

const REQUEST = { pipeline: 'default', trigger: 'api', params: {}, data: { n: 1 } } as const;
const HOOKS = ['one', 'two', 'three'];

/** A world whose loop has seen that no run waits. */
async function readyWorld(options: WorldOptions = {}): Promise<{ world: RunWorld; store: HangingStore }> {
  const store = new HangingStore();
  const world = new RunWorld({
    pipelines: [makePipeline({ hookNames: HOOKS })],
    versions: [makePlugin('trivial', { hooks: HOOKS })],
    store,
    ...options,
  });
  await world.runs.start();
  await world.clock.advance(100);
  store.counts.clear();
  return { world, store };
}

async function statesOf(store: HangingStore, runId: RunId): Promise<Record<string, string>> {
  const invocations = await store.listInvocations(runId, patient());
  return Object.fromEntries(invocations.map(({ plugin, state }) => [plugin, state]));
}

/** Its sandbox is had when the gate is opened. */
class BusyInvoker extends FakeInvoker {
  readonly gate = Promise.withResolvers<undefined>();

  override async invoke(request: Parameters<FakeInvoker['invoke']>[0]): ReturnType<FakeInvoker['invoke']> {
    await this.gate.promise;
    return await super.invoke(request);
  }
}

describe('a run that can begin at once', () => {
  test('is accepted and under way in one write, and makes one more per hook', async () => {
    const { world, store } = await readyWorld();
    const { run } = await world.runs.startRun(REQUEST);
    expect(run).toMatchObject({ state: 'running', epoch: 1, worker: world.settings.workerId });
    expect(await world.settle(run.id)).toMatchObject({ state: 'succeeded', epoch: 1 });
    expect(store.counts.get('writeAll')).toBe(1 + HOOKS.length);
    expect(store.counts.get('findPayload')).toBeUndefined();
    const events = await store.listEvents(run.id, 0, 100, patient());
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.slice(0, 4).map(({ kind }) => kind)).toEqual([
      'runQueued',
      'runClaimed',
      'hookStarted',
      'invocationStarted',
    ]);
    expect(events.at(-1)?.kind).toBe('runFinished');
    expect(world.events.filter(({ kind }) => kind !== 'storeOperationFinished').map(({ kind }) => kind)).toEqual(
      events.map(({ kind }) => kind),
    );
    await world.close();
  });

  test('is told of and delivers nothing before it is stored', async () => {
    const { world, store } = await readyWorld();
    const release = store.hold('writeAll');
    let isAccepted = false;
    const started = world.runs.startRun(REQUEST).finally(() => {
      isAccepted = true;
    });
    await world.clock.advance(1_000);
    expect([isAccepted, world.events.length, world.invoker.calls.length]).toEqual([false, 0, 0]);
    release();
    const { run } = await started;
    expect((await world.settle(run.id)).state).toBe('succeeded');
    await world.close();
  });

  test('has the end of each hook in the store before the next one gets its input', async () => {
    const { world, store } = await readyWorld();
    const seen: unknown[] = [];
    world.invoker.on('trivial', async ({ request }) => {
      const stored = await store.findRun(request.runId, patient());
      const invocations = await store.listInvocations(request.runId, patient());
      seen.push([stored?.hooks.map(({ state }) => state), invocations.map(({ state }) => state)]);
      return { data: { n: seen.length } };
    });
    const { run } = await world.runs.startRun(REQUEST);
    await world.settle(run.id);
    expect(seen).toEqual([
      [['running', 'pending', 'pending'], ['running']],
      [
        ['succeeded', 'running', 'pending'],
        ['succeeded', 'running'],
      ],
      [
        ['succeeded', 'succeeded', 'running'],
        ['succeeded', 'succeeded', 'running'],
      ],
    ]);
    await world.close();
  });

  test('is stored before a sandbox is had when that takes long, and shows who waits', async () => {
    const invoker = new BusyInvoker(new SystemIds());
    const { world, store } = await readyWorld({ invoker });
    const starting = world.runs.startRun(REQUEST);
    await world.clock.advance(5);
    const { run } = await starting;
    await world.clock.advance(150);
    expect(await store.listInvocations(run.id, patient())).toMatchObject([{ state: 'pending', hook: 'one' }]);
    invoker.gate.resolve(undefined);
    expect((await world.settle(run.id)).state).toBe('succeeded');
    await world.close();
  });

  test.each([
    ['whose end is waited for', {}, 0],
    ['with a key, which a repeat looks for', { idempotencyKey: 'k' }, 1],
  ])('%s is accepted when its sandbox is had a moment later: %o', async (_title, keyed, writesBefore) => {
    const invoker = new BusyInvoker(new SystemIds());
    const { world, store } = await readyWorld({ invoker });
    const starting = world.runs.startRun({ ...REQUEST, ...keyed, isAwaited: true });
    await world.clock.advance(20);
    expect(store.counts.get('writeAll') ?? 0).toBe(writesBefore);
    invoker.gate.resolve(undefined);
    const { run } = await starting;
    expect((await world.settle(run.id)).state).toBe('succeeded');
    expect(store.counts.get('writeAll')).toBe(writesBefore + 1 + HOOKS.length);
    await world.close();
  });

  test('makes no write more for a short wait in each hook', async () => {
    class SlowInvoker extends FakeInvoker {
      override async invoke(request: Parameters<FakeInvoker['invoke']>[0]): ReturnType<FakeInvoker['invoke']> {
        await world.clock.sleep(10);
        return await super.invoke(request);
      }
    }
    const { world, store } = await readyWorld({ invoker: new SlowInvoker(new SystemIds()) });
    const starting = world.runs.startRun(REQUEST);
    await world.clock.advance(5);
    const { run } = await starting;
    expect((await world.settle(run.id, 10_000, 5)).state).toBe('succeeded');
    // One more than without the wait: the run itself is accepted before its first sandbox is had.
    expect(store.counts.get('writeAll')).toBe(2 + HOOKS.length);
    await world.close();
  });

  test('keeps how its invocation was talked to and what the plugin reported', async () => {
    const { world, store } = await readyWorld({ pipelines: [makePipeline({ hookNames: ['one'] })] });
    const reported = { progress: { done: 3, total: 4, message: 'nearly' }, metrics: [], droppedMetrics: 0 };
    world.invoker.on('trivial', () => ({
      end: { ...endOf({ code: 'ok', message: 'ok' }, {}, new SystemIds().newId('sbx')), transport: 'fifo', reported },
    }));
    const { run } = await world.runs.startRun(REQUEST);
    await world.settle(run.id);
    expect(await store.listInvocations(run.id, patient())).toMatchObject([{ transport: 'fifo', reported }]);
    await world.close();
  });

  test('starts no plugin of a group under a lease that was lost after the first one had started', async () => {
    const gate = Promise.withResolvers<undefined>();
    class LateInvoker extends FakeInvoker {
      override async invoke(request: Parameters<FakeInvoker['invoke']>[0]): ReturnType<FakeInvoker['invoke']> {
        if (request.version.plugin.name === 'late') await gate.promise;
        return await super.invoke(request);
      }
    }
    const versions = [makePlugin('early', { hooks: ['one'] }), makePlugin('late', { hooks: ['one'] })];
    const pipelines = [makePipeline({ hookNames: ['one'] })];
    const { world, store } = await readyWorld({ pipelines, versions, invoker: new LateInvoker(new SystemIds()) });
    const { run } = await world.runs.startRun(REQUEST);
    await world.clock.advance(100);
    expect((await statesOf(store, run.id))['late']).toBe('pending');
    const guard = { states: ['running'] } as const;
    expect(await store.updateRun(run.id, guard, { epoch: 2, worker: newWorkerId() }, patient())).toBe(true);
    gate.resolve(undefined);
    await world.until(() => world.runs.runningCount() === 0);
    expect((await statesOf(store, run.id))['late']).toBe('pending');
    expect(world.invoker.calls.map(({ plugin }) => plugin)).toEqual(['early']);
    await world.close();
  });

  test.each(['writeAll', 'insertRun'] as const)('is refused when the fate of its %s is unknown', async (operation) => {
    const { world, store } = await readyWorld();
    store.loseAnswer(operation);
    await expect(world.runs.startRun(REQUEST)).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
    expect(world.invoker.calls).toEqual([]);
    expect(world.events.map(({ kind }) => kind)).toEqual(['runRefused']);
    await world.close();
  });

  test('answers a repeat of its key with itself', async () => {
    const { world } = await readyWorld();
    const request = { ...REQUEST, idempotencyKey: 'k' };
    const started = await Promise.all(Array.from({ length: 5 }, () => world.runs.startRun(request)));
    expect(new Set(started.map(({ run }) => run.id)).size).toBe(1);
    expect(started.filter(({ isRepeat }) => !isRepeat)).toHaveLength(1);
    await world.close();
  });
});

describe('a queued run', () => {
  test('ends without a write, and is stored as a whole within its time', async () => {
    const store = new HangingStore();
    const clock = new FakeClock();
    const [events, logger] = [{ emit: () => undefined }, { log: () => undefined }];
    const times = { flushWithinMs: 25, storeTimeoutMs: 2_000, heldBytesMax: 1_000_000 };
    const behind = new WriteBehindStore({ store, clock, events, logger, ...times });
    const world = new RunWorld({
      pipelines: [makePipeline({ hookNames: HOOKS, durability: 'queued' })],
      versions: [makePlugin('trivial', { hooks: HOOKS })],
      ...{ store: behind, clock },
    });
    await world.runs.start();
    await clock.advance(100);
    store.counts.clear();
    const { run } = await world.runs.startRun(REQUEST);
    const ended = await world.runs.waitSettled(run.id, patient());
    expect(ended).toMatchObject({ state: 'succeeded', durability: 'queued' });
    expect(store.counts.get('insertRun')).toBeUndefined();
    await clock.advance(25);
    expect(await store.findRun(run.id, patient())).toEqual(ended);
    expect(await store.listInvocations(run.id, patient())).toHaveLength(HOOKS.length);
    expect(Object.fromEntries(store.counts)).toMatchObject({ writeAll: 1, insertRun: 1 });
    await world.close();
  });
});
