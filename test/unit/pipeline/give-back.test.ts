// A worker whose engine stays away gives back the runs that only wait for it, where another program can take them up.
import { afterEach, describe, expect, it } from 'vitest';
import { raced } from '../../../src/core/deadline.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { InvocationRequest, StopReason } from '../../../src/core/ports/invoker.ts';
import { endOf, FakeInvoker } from '../../support/pipeline/fake-invoker.ts';
import { makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

const worlds: RunWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** As an invoker without an engine: nothing is begun until it is back, which is never. */
class AwayInvoker extends FakeInvoker {
  override async invoke(request: InvocationRequest): Promise<ReturnType<typeof endOf>> {
    await raced(Promise.withResolvers<never>().promise, request.stop).catch(() => undefined);
    return endOf({ code: 'cancelled', message: request.stop.reason as StopReason }, null, null);
  }
}

async function open(options: WorldOptions): Promise<RunWorld> {
  const world = new RunWorld({ versions: [makePlugin('sample')], settings: { isOnlyWorker: false }, ...options });
  worlds.push(world);
  await world.runs.start();
  await world.clock.advance(50);
  return world;
}

async function start(world: RunWorld): Promise<RunId> {
  const starting = world.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: {} });
  await world.clock.advance(200);
  const { run } = await starting;
  await world.until(async () => (await world.find(run.id)).state === 'running');
  return run.id;
}

describe('a worker whose engine is away', () => {
  it('gives back what waits for it after a while, as it was, and another worker takes it up', async () => {
    const without = await open({ invoker: new AwayInvoker(new RunWorld().ids) });
    const id = await start(without);
    without.isEngineAway = true;
    await without.clock.advance(4_000);
    expect(await without.find(id)).toMatchObject({ state: 'running', epoch: 1 });
    await without.until(async () => (await without.find(id)).state === 'queued');
    expect(await without.find(id)).toMatchObject({ worker: null, epoch: 1, losses: 0 });
    await without.clock.advance(5_000);
    expect((await without.find(id)).state).toBe('queued');
    const { store, clock } = without;
    const other = await open({ store, clock });
    expect(await other.settle(id)).toMatchObject({ state: 'succeeded', epoch: 2, losses: 0 });
    const invocations = await store.listInvocations(id, patient());
    expect(invocations.filter(({ startedAtMs }) => startedAtMs !== null)).toMatchObject([{ attempt: 1 }]);
  });

  it('keeps a run with a plugin at work, and, where it is the only worker, every run', async () => {
    const gate = Promise.withResolvers<undefined>();
    const atWork = await open({});
    atWork.invoker.on('sample', async () => {
      await gate.promise;
      return { data: {} };
    });
    const busy = await start(atWork);
    const alone = await open({ invoker: new AwayInvoker(atWork.ids), settings: { isOnlyWorker: true } });
    const waiting = await start(alone);
    for (const world of [atWork, alone]) world.isEngineAway = true;
    for (const { clock } of [atWork, alone]) await clock.advance(20_000);
    expect((await atWork.find(busy)).state).toBe('running');
    expect((await alone.find(waiting)).state).toBe('running');
    gate.resolve(undefined);
    expect(await atWork.settle(busy)).toMatchObject({ state: 'succeeded', epoch: 1 });
  });
});
