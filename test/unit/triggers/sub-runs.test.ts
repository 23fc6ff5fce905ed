// Hooks that are runs of other pipelines: started once, waited for, ended together.
import { afterEach, describe, expect, it } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { HookSpec } from '../../../src/core/pipeline.ts';
import type { Run } from '../../../src/core/run.ts';
import { CRASH, untilStopped } from '../../support/pipeline/fake-invoker.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

const CHILD = makePipeline({ name: 'child', hookNames: ['work'], timeoutMs: 600_000 });
const WORKER = makePlugin('worker', { hooks: ['work'], pipelines: ['child'], failHard: true });
const LAST = makePlugin('last', { hooks: ['store'], pipelines: ['default'] });

const worlds: RunWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

function parentWith(run: Partial<NonNullable<HookSpec['run']>> = {}, hook: Partial<HookSpec> = {}, timeoutMs = 60_000) {
  const spec = { pipeline: 'child', params: null, input: null, ...run };
  return makePipeline({ timeoutMs, hooks: [{ name: 'call', run: spec, ...hook }, { name: 'store' }] });
}

async function open(options: WorldOptions = {}): Promise<RunWorld> {
  const world = new RunWorld({
    pipelines: [parentWith(), CHILD],
    versions: [WORKER, LAST],
    expressions: new CelExpressions(),
    ...options,
  });
  worlds.push(world);
  await world.runs.start();
  await world.clock.advance(50);
  return world;
}

async function start(world: RunWorld): Promise<RunId> {
  const data = { number: 20 };
  const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'api', params: { a: 1 }, data });
  return run.id;
}

async function childrenOf(world: RunWorld): Promise<readonly Run[]> {
  const { items } = await world.store.listRuns({ pipeline: 'child' }, { limit: 50 }, patient());
  return items;
}

/** The child, once it is at work and its parent waits for it. */
async function childAtWork(world: RunWorld, parent: RunId): Promise<Run> {
  await world.until(async () => {
    const [child] = await childrenOf(world);
    return child?.state === 'running' && (await world.find(parent)).state === 'waiting';
  });
  const [child] = await childrenOf(world);
  if (child === undefined) throw new Error('no child');
  return child;
}

describe('a hook that is a run', () => {
  it('is not run a second time when its run was removed before its end was heard of', async () => {
    const world = await open();
    const made = Promise.withResolvers<undefined>();
    world.invoker.on('worker', async () => {
      await made.promise;
      return { data: {} };
    });
    const id = await start(world);
    const { id: child } = await childAtWork(world, id);
    // As when everything but the sweep stood still: it ends, and is removed before its parent is woken.
    const end = { state: 'succeeded', finishedAtMs: world.clock.nowMs() } as const;
    await world.store.updateRun(child, { states: ['running'] }, end, patient());
    while ((await world.store.retention.removeRun(child, 100, patient())).state === 'partly');
    made.resolve(undefined);
    const failure = { code: 'SUB_RUN_FAILED', hook: 'call' };
    expect(await world.settle(id, 90_000, 250)).toMatchObject({ state: 'failed', failure });
    expect(await childrenOf(world)).toEqual([]);
    expect(world.invoker.calls.filter(({ plugin }) => plugin === 'worker')).toHaveLength(1);
  });

  it('is stored before its parent knows of it, whatever its pipeline says', async () => {
    const world = await open({ pipelines: [parentWith(), { ...CHILD, durability: 'queued' }] });
    world.invoker.on('worker', () => ({ data: {} }));
    expect(await world.settle(await start(world))).toMatchObject({ state: 'succeeded' });
    expect(await childrenOf(world)).toMatchObject([{ durability: 'stored' }]);
  });

  it('starts it once through the door, waits without a place, and takes what it left for its data', async () => {
    const world = await open({ settings: { maxRunning: 1 } });
    world.invoker.on('worker', () => ({ data: { number: 21, made: true } }));
    const id = await start(world);
    expect(await world.settle(id)).toMatchObject({ state: 'succeeded', warnings: [] });
    const children = await childrenOf(world);
    expect(children).toHaveLength(1);
    expect(children[0]).toMatchObject({
      ...{ trigger: 'run', lineage: { kind: 'run', runId: id, hook: 'call' }, state: 'succeeded' },
      idempotencyKey: `run:${id}:call`,
    });
    const run = await world.find(id);
    expect(run.hooks[0]).toMatchObject({ state: 'succeeded', child: children[0]?.id });
    expect(await world.payload(id, 'data')).toEqual({ number: 21, made: true });
    const told = world.invoker.calls.find(({ plugin }) => plugin === 'last')?.input;
    const entry = { status: 'success', data: { number: 21, made: true } };
    expect(told).toMatchObject({ context: { results: { call: { child: entry } } } });
  });

  it('gives it the params and the data that its expressions select', async () => {
    const world = await open({
      pipelines: [parentWith({ params: '{"b": params.a + 1}', input: '{"half": data.number / 2}' }), CHILD],
    });
    const id = await start(world);
    expect(await world.settle(id)).toMatchObject({ state: 'succeeded' });
    const told = world.invoker.calls.find(({ plugin }) => plugin === 'worker')?.input;
    expect(told).toMatchObject({ context: { params: { b: 2 }, data: { half: 10 } } });
    expect(await world.payload(id, 'data')).toEqual({ number: 20, half: 10 });
  });

  it('fails its run when that run fails, naming it', async () => {
    const world = await open();
    world.invoker.on('worker', () => ({ outcome: CRASH }));
    const id = await start(world);
    const run = await world.settle(id);
    const [child] = await childrenOf(world);
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'SUB_RUN_FAILED', hook: 'call' } });
    expect(run.failure?.message).toContain(`${child?.id ?? ''} of child ended as failed: crash: exit code 9`);
    expect(run.hooks.map(({ state }) => state)).toEqual(['failed', 'skipped']);
  });

  it.each([
    ['an expression that does not fit', parentWith({ params: 'data.number' }), 'PARAMS_INVALID'],
    ['an expression that fails', parentWith({ input: 'data.nothing' }), 'EXPRESSION_INVALID'],
    ['a pipeline that is gone', parentWith({ pipeline: 'gone' }), 'PIPELINE_NOT_FOUND'],
  ])('fails its run for %s', async (_what, parent, code) => {
    const world = await open({ pipelines: [parent, CHILD] });
    expect(await world.settle(await start(world))).toMatchObject({ state: 'failed', failure: { code, hook: 'call' } });
    expect(await childrenOf(world)).toEqual([]);
  });

  it('goes no deeper than eight runs', async () => {
    const world = await open({ pipelines: [parentWith({ pipeline: 'default' })], versions: [] });
    const id = await start(world);
    expect(await world.settle(id, 60_000)).toMatchObject({ failure: { code: 'SUB_RUN_FAILED' } });
    const { items } = await world.store.listRuns({}, { limit: 50 }, patient());
    expect(items).toHaveLength(8);
    expect(items[0]).toMatchObject({ state: 'failed', failure: { code: 'SUB_RUN_TOO_DEEP' } });
  });
});

describe('a parent and its run', () => {
  it('end together when the parent is cancelled', async () => {
    const world = await open();
    world.invoker.on('worker', untilStopped);
    const id = await start(world);
    const child = await childAtWork(world, id);
    expect(await world.runs.requestCancel(id)).toMatchObject({ state: 'cancelled' });
    expect(await world.settle(child.id)).toMatchObject({ state: 'cancelled' });
  });

  it('end together when the time of the parent is up, which is that of its run, too', async () => {
    const world = await open({ pipelines: [parentWith({}, {}, 5_000), CHILD] });
    world.invoker.on('worker', untilStopped);
    const id = await start(world);
    const child = await childAtWork(world, id);
    const parent = await world.find(id);
    expect(child.deadlineAtMs).toBeLessThanOrEqual(parent.deadlineAtMs ?? 0);
    expect(await world.settle(child.id)).toMatchObject({ state: 'timed_out' });
    expect((await world.settle(id)).state).toMatch(/^(timed_out|failed)$/);
  });

  it('are told of each other also when the hook has a time of its own', async () => {
    const world = await open({ pipelines: [parentWith({}, { timeoutMs: 2_000 }), CHILD] });
    world.invoker.on('worker', untilStopped);
    const id = await start(world);
    const child = await childAtWork(world, id);
    expect(await world.settle(child.id)).toMatchObject({ state: 'timed_out' });
    expect(await world.settle(id)).toMatchObject({ state: 'failed', failure: { code: 'SUB_RUN_FAILED' } });
  });

  it('end together also when the parent ended and nobody could tell', async () => {
    const world = await open();
    world.invoker.on('worker', untilStopped);
    const id = await start(world);
    const child = await childAtWork(world, id);
    const end = { state: 'cancelled', finishedAtMs: world.clock.nowMs() } as const;
    expect(await world.store.updateRun(id, { states: ['waiting'] }, end, patient())).toBe(true);
    expect(await world.settle(child.id, 30_000, 500)).toMatchObject({ state: 'cancelled' });
  });

  it('live on while the parent does, however often the sweep looks', async () => {
    const world = await open({ pipelines: [parentWith({}, {}, 600_000), CHILD] });
    world.invoker.on('worker', untilStopped);
    const child = await childAtWork(world, await start(world));
    await world.clock.advance(120_000);
    expect(await world.find(child.id)).toMatchObject({ state: 'running', cancelRequestedAtMs: null });
  });

  it('find each other again when the program ended in between', async () => {
    const first = await open();
    let isFirst = true;
    first.invoker.on('worker', (call) => (isFirst ? untilStopped(call) : { data: { second: true } }));
    const id = await start(first);
    await childAtWork(first, id);
    await first.close();
    worlds.length = 0;
    isFirst = false;
    const { store, clock, invoker } = first;
    const second = await open({ store, clock, invoker });
    const run = await second.settle(id, 120_000);
    expect(await childrenOf(second)).toHaveLength(1);
    // The plugin was at work and may not be called twice: the run failed, and its parent with it.
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'SUB_RUN_FAILED' } });
  });
});
