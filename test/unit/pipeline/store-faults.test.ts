// A store that is slow, away or loses answers: no run is lost, none ends twice, and nothing is said that is not stored.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { InvocationEnd, InvocationRequest } from '../../../src/core/ports/invoker.ts';
import type { RunId } from '../../../src/core/ids.ts';
import { endOf, FakeInvoker, untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, makePlugin, RunWorld } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

function newWorld(store: HangingStore): RunWorld {
  return new RunWorld({ store, versions: [makePlugin('one')] });
}

async function begin(world: RunWorld): Promise<RunId> {
  await world.runs.start();
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: { n: 1 } });
  return run.id;
}

const WRITES = ['updateRun', 'insertInvocation', 'updateInvocation', 'putPayload', 'findPayload'] as const;

/** Makes an outcome of everything, also of a start that could not be stored. */
class ForgivingInvoker extends FakeInvoker {
  override async invoke(request: InvocationRequest): Promise<InvocationEnd> {
    try {
      return await super.invoke(request);
    } catch {
      return endOf({ code: 'start_failed', message: 'no start' }, null, null);
    }
  }
}

/** Has no sandbox until it is told to stop. */
class FullInvoker extends FakeInvoker {
  override async invoke({ stop }: InvocationRequest): Promise<InvocationEnd> {
    await new Promise((resolve) => {
      stop.addEventListener('abort', resolve, { once: true });
    });
    return endOf({ code: 'cancelled', message: 'no sandbox' }, null, null);
  }
}

describe('a run over a bad store', () => {
  test.each(WRITES)('ends well when %s fails once', async (operation) => {
    const store = new HangingStore();
    const world = newWorld(store);
    const id = await begin(world);
    store.failNext(operation, new GantryError('STORE_UNAVAILABLE', 'cut'));
    const run = await world.settle(id);
    expect(run.state).toBe('succeeded');
    expect(world.invoker.calls).toHaveLength(1);
    await world.close();
  });

  test.each(WRITES)('ends well, once, when an answer of %s is lost', async (operation) => {
    const store = new HangingStore();
    const world = newWorld(store);
    const id = await begin(world);
    store.loseAnswer(operation);
    const run = await world.settle(id);
    expect(run.state).toBe('succeeded');
    expect(world.events.filter(({ kind }) => kind === 'runFinished')).toHaveLength(1);
    expect(world.invoker.calls).toHaveLength(1);
    await world.close();
  });

  test('stores what its plugin gave after the store was away for longer than a lease, where no other worker can be', async () => {
    const store = new HangingStore();
    const world = newWorld(store);
    const finished = Promise.withResolvers<undefined>();
    world.invoker.on('one', async () => {
      await finished.promise;
      return { data: { done: true } };
    });
    const id = await begin(world);
    await world.until(() => world.invoker.calls.length === 1);
    store.isAway = true;
    await world.clock.advance(30_000);
    finished.resolve(undefined);
    await world.clock.advance(20_000);
    store.isAway = false;
    expect(await world.settle(id)).toMatchObject({ state: 'succeeded', epoch: 1 });
    expect(await world.payload(id, 'data')).toMatchObject({ done: true });
    expect(world.invoker.calls).toHaveLength(1);
    await world.close();
  });

  test('is refused at once when it cannot be stored, though its plugin still waits for a sandbox', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store, versions: [makePlugin('one')], invoker: new FullInvoker(new SystemIds()) });
    await world.runs.start();
    await world.clock.advance(100);
    store.isAway = true;
    const start = world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: { n: 1 } });
    const refusal = start.then(
      () => 'accepted',
      (error: unknown) => (error instanceof GantryError ? error.code : String(error)),
    );
    let told: string | null = null;
    void refusal.then((code) => (told = code));
    await world.until(() => told !== null, 5_000);
    expect(told).toBe('STORE_UNAVAILABLE');
    await world.until(() => world.runs.runningCount() === 0, 5_000);
    store.isAway = false;
    await world.close();
  });

  test('takes a lost answer to its last write for what it was', async () => {
    const store = new HangingStore();
    const world = newWorld(store);
    world.invoker.on('one', () => {
      store.loseAnswer('updateRun');
      return { data: {} };
    });
    const run = await world.settle(await begin(world));
    expect(run.state).toBe('succeeded');
    expect(world.events.filter(({ kind }) => kind === 'runFinished')).toHaveLength(1);
    await world.close();
  });

  test('does not deliver an input whose start is not stored', async () => {
    const store = new HangingStore();
    const world = newWorld(store);
    const release = store.hold('insertInvocation');
    const id = await begin(world);
    await world.clock.advance(1_000);
    expect(world.invoker.calls).toHaveLength(0);
    release();
    expect((await world.settle(id)).state).toBe('succeeded');
    await world.close();
  });

  test('does not take an invocation for started whose start was refused, whatever the invoker makes of it', async () => {
    const store = new HangingStore();
    const world = new RunWorld({
      store,
      versions: [makePlugin('one')],
      invoker: new ForgivingInvoker(new SystemIds()),
    });
    const id = await begin(world);
    store.failNext('insertInvocation', new GantryError('STORE_FAILED', 'refused'));
    expect(await world.settle(id)).toMatchObject({ state: 'failed', failure: { code: 'STORE_FAILED' } });
    expect(await store.listInvocations(id, patient())).toEqual([]);
    await world.close();
  });

  test('lets its runs go among other workers when no heartbeat is acknowledged, and recovers them later', async () => {
    const store = new HangingStore();
    const world = new RunWorld({ store, versions: [makePlugin('one')], settings: { isOnlyWorker: false } });
    world.invoker.on('one', untilStopped);
    const id = await begin(world);
    await world.until(() => world.invoker.calls.length === 1);
    store.isAway = true;
    await world.until(() => world.runs.runningCount() === 0);
    expect(world.invoker.calls[0]?.request.stop.reason).toBe('lease_lost');
    store.isAway = false;
    const run = await world.settle(id, 60_000, 250);
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'WORKER_LOST', hook: 'fetch' } });
    const [invocation] = await store.listInvocations(id, patient());
    expect(invocation).toMatchObject({ state: 'failed', outcome: { code: 'lost' } });
    await world.close();
  });

  test('drops the result of a run that another worker took over', async () => {
    const store = new HangingStore();
    const world = newWorld(store);
    world.invoker.on('one', async ({ request }) => {
      await store.updateRun(request.runId, { states: ['running'] }, { epoch: 7 }, patient());
      return { data: { late: true } };
    });
    const id = await begin(world);
    await world.until(() => world.invoker.calls.length === 1);
    await world.until(() => world.runs.runningCount() === 0);
    expect(world.events.filter(({ kind }) => kind === 'runFinished')).toHaveLength(0);
    expect(await world.find(id)).toMatchObject({ state: 'running', epoch: 7, hooks: [{ state: 'running' }] });
    await world.close();
  });

  test('bounds every try by the deadline of a store operation', async () => {
    const store = new HangingStore();
    const world = new RunWorld({
      store,
      pipelines: [makePipeline({ timeoutMs: 1_000 })],
      versions: [makePlugin('one')],
    });
    const release = store.hold('insertInvocation');
    const id = await begin(world);
    await world.until(() => world.runs.runningCount() === 1);
    await world.until(() => world.runs.runningCount() === 0);
    expect(world.invoker.calls).toHaveLength(0);
    release();
    expect((await world.settle(id, 60_000, 250)).state).toBe('timed_out');
    await world.close();
  });
});
