// Runs whose program died: resumed where nothing can be called twice by that, settled otherwise, never left running.
import { describe, expect, test } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/run.ts';
import type { Plugin } from '../../../src/core/plugin.ts';
import { LOSSES_MAX } from '../../../src/pipeline/worker/recover-runs.ts';
import type { Act } from '../../support/pipeline/fake-invoker.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { makePipeline, makePlugin, RunWorld, type WorldOptions } from '../../support/pipeline/run-world.ts';
import { buildRun, newWorkerId, patient } from '../../support/store/build-records.ts';

const never: Act = () => new Promise(() => undefined);

/** A store as a killed program leaves it: the run got as far as the plugin `stuck`. */
async function killedAt(options: WorldOptions, stuck: string): Promise<{ before: RunWorld; id: RunId }> {
  const before = new RunWorld({ ...options, store: options.store ?? new HangingStore() });
  before.invoker.on(stuck, never);
  await before.runs.start();
  const { run } = await before.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: { n: 1 } });
  await before.until(() => before.invoker.calls.some(({ plugin }) => plugin === stuck));
  return { before, id: run.id };
}

/** The next program over the same store, with a clock of its own: the old one never moves again. */
async function restart(
  before: Pick<RunWorld, 'store' | 'clock'>,
  options: WorldOptions,
  laterMs = 0,
): Promise<RunWorld> {
  const world = new RunWorld({ ...options, store: before.store });
  await world.clock.advance(before.clock.nowMs() - world.clock.nowMs() + laterMs);
  await world.runs.start();
  return world;
}

const TWO_HOOKS = [makePipeline({ hookNames: ['fetch', 'publish'] })];

function versions(changes: Partial<Plugin> = {}) {
  return [
    makePlugin('first'),
    makePlugin('done', { hooks: ['publish'], order: 1 }),
    makePlugin('stuck', { hooks: ['publish'], order: 2, ...changes }),
  ];
}

describe('recovery', () => {
  test('resumes at the unfinished hook when its cut-short plugin is idempotent, and repeats nothing else', async () => {
    const options = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(options, 'stuck');
    const world = await restart(before, options);
    const run = await world.settle(id);
    expect(run).toMatchObject({ state: 'succeeded', epoch: 3 });
    expect(world.invoker.calls.map(({ plugin, request }) => [plugin, request.attempt])).toEqual([['stuck', 2]]);
    const invocations = await world.store.listInvocations(id, patient());
    expect(invocations.map(({ plugin, outcome }) => [plugin, outcome?.code])).toEqual([
      ['first', 'ok'],
      ['done', 'ok'],
      ['stuck', 'lost'],
      ['stuck', 'ok'],
    ]);
    const seqs = (await world.store.listEvents(id, 0, 100, patient())).map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    await world.close();
  });

  test('fails a run whose cut-short plugin may not be called twice', async () => {
    const options = { pipelines: TWO_HOOKS, versions: versions() };
    const { before, id } = await killedAt(options, 'stuck');
    const world = await restart(before, options);
    const run = await world.settle(id);
    expect(run).toMatchObject({ state: 'failed', failure: { code: 'WORKER_LOST', hook: 'publish' } });
    expect(run.hooks.map(({ state }) => state)).toEqual(['succeeded', 'failed']);
    expect(world.invoker.calls).toEqual([]);
    expect(world.events.map(({ kind }) => kind)).toContain('runRecovered');
    await world.close();
  });

  test.each([
    [true, 'succeeded'],
    [false, 'failed'],
  ])('takes all that is left of a queued run for called: idempotent %s, so %s', async (idempotent, state) => {
    // The records of the last moments may be lost: that `done` was not called is not known, whatever the store says.
    const options = {
      pipelines: [makePipeline({ hookNames: ['fetch', 'publish'], durability: 'queued' })],
      versions: [makePlugin('stuck', { idempotent: true }), makePlugin('done', { hooks: ['publish'], idempotent })],
    };
    const { before, id } = await killedAt(options, 'stuck');
    const world = await restart(before, options);
    expect((await world.settle(id)).state).toBe(state);
    await world.close();
  });

  test('resumes a run whose input was never delivered', async () => {
    const store = new HangingStore();
    const options = { pipelines: TWO_HOOKS, versions: versions(), store };
    const before = new RunWorld(options);
    await before.runs.start();
    store.hold('insertInvocation');
    const { run } = await before.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: { n: 1 } });
    await before.until(() => (store.counts.get('insertInvocation') ?? 0) > 0);
    const after = new HangingStore();
    await copyRun(store, after, run.id);
    const world = await restart(
      { store: after, clock: before.clock },
      {
        ...options,
        store: after,
      },
    );
    expect((await world.settle(run.id)).state).toBe('succeeded');
    expect(world.invoker.calls.map(({ plugin }) => plugin)).toEqual(['first', 'done', 'stuck']);
    await world.close();
  });

  test('times a run out whose deadline passed while no program ran', async () => {
    const options = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(options, 'stuck');
    const world = await restart(before, options, 10 * 60_000);
    expect(await world.settle(id)).toMatchObject({ state: 'timed_out', failure: { code: 'TIMED_OUT' } });
    await world.close();
  });

  test('waits for the plugins to be built before it judges, except for what must end anyway', async () => {
    const options = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(options, 'stuck');
    const gate = Promise.withResolvers<undefined>();
    const world = await restart(before, { ...options, built: gate.promise });
    const late = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: {} });
    await world.clock.advance(20_000);
    expect((await world.find(id)).state).toBe('running');
    expect((await world.find(late.run.id)).state).toBe('queued');
    await before.store.updateRun(id, { states: ['running'] }, { cancelRequestedAtMs: 1 }, patient());
    expect(await world.settle(id, 20_000, 250)).toMatchObject({ state: 'cancelled' });
    gate.resolve(undefined);
    expect(await world.settle(late.run.id)).toMatchObject({ state: 'succeeded' });
    await world.close();
  });

  test('keeps a promised cancel over a restart', async () => {
    const options = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(options, 'stuck');
    await before.store.updateRun(id, { states: ['running'] }, { cancelRequestedAtMs: 1 }, patient());
    const world = await restart(before, options);
    expect(await world.settle(id)).toMatchObject({ state: 'cancelled', failure: { code: 'CANCELLED' } });
    await world.close();
  });

  test('does not take up a run for ever that brings its workers down', async () => {
    const options = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(options, 'stuck');
    await before.store.updateRun(id, { states: ['running'] }, { losses: LOSSES_MAX }, patient());
    const world = await restart(before, options);
    expect(await world.settle(id)).toMatchObject({ state: 'failed', failure: { code: 'WORKER_LOST' } });
    await world.close();
  });

  test('takes up a run that has waited ever so often: a claim after a wait is no loss', async () => {
    const options = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(options, 'stuck');
    await before.store.updateRun(id, { states: ['running'] }, { epoch: 20_000 }, patient());
    const world = await restart(before, options);
    expect(await world.settle(id)).toMatchObject({ state: 'succeeded', epoch: 20_002, losses: 1 });
    await world.close();
  });

  test('leaves the runs of a living worker alone, and takes them when it stops beating', async () => {
    const shared = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(shared, 'stuck');
    const world = await restart(before, { ...shared, settings: { isOnlyWorker: false } });
    await world.clock.advance(10_000);
    expect(await world.find(id)).toMatchObject({ state: 'running', epoch: 1, worker: before.settings.workerId });
    expect(await world.settle(id, 30_000, 250)).toMatchObject({ state: 'succeeded' });
    await world.close();
  });

  test('takes no run of a living worker because its own clock is hours ahead, but one that has had its whole time', async () => {
    const shared = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(shared, 'stuck');
    const living = { id: before.settings.workerId, startedAtMs: 0, beatAtMs: before.clock.nowMs() + 36_000_000 };
    await before.store.putWorker(living, patient());
    const world = await restart(before, { ...shared, settings: { isOnlyWorker: false } }, 7_200_000);
    await world.clock.advance(30_000);
    expect(await world.find(id)).toMatchObject({ state: 'running', epoch: 1 });
    expect(await world.settle(id, 90_000, 250)).toMatchObject({ state: 'timed_out', epoch: 2 });
    await world.close();
  });

  test('takes the runs of a worker that signed off, and of one that never was', async () => {
    const shared = { pipelines: TWO_HOOKS, versions: versions({ idempotent: true }) };
    const { before, id } = await killedAt(shared, 'stuck');
    await before.store.updateRun(id, { states: ['running'] }, { worker: newWorkerId() }, patient());
    const world = await restart(before, { ...shared, settings: { isOnlyWorker: false } });
    expect(await world.settle(id)).toMatchObject({ state: 'succeeded' });
    await world.close();
  });

  test('fails queued runs of a pipeline that is gone', async () => {
    const world = new RunWorld();
    const { run } = await world.runs.startRun({ pipeline: 'default', trigger: 'cli', params: {}, data: {} });
    world.pipelines.clear();
    await world.runs.start();
    expect(await world.settle(run.id)).toMatchObject({ state: 'failed', failure: { code: 'PIPELINE_NOT_FOUND' } });
    await world.close();
  });

  test('fails a run that waits in a pipeline that is gone when its time has come', async () => {
    const world = new RunWorld();
    const nowMs = world.clock.nowMs();
    const wait = { untilMs: nowMs + 60_000 };
    const hooks = [{ hook: 'ask', state: 'waiting', startedAtMs: nowMs, finishedAtMs: null, wait } as const];
    const times = { createdAtMs: nowMs, startedAtMs: nowMs, deadlineAtMs: nowMs + 9_000_000, readyAtMs: wait.untilMs };
    const run = buildRun({ pipeline: 'gone', state: 'waiting', epoch: 1, hooks, ...times });
    await world.store.insertRun(run, patient());
    await world.runs.start();
    await world.clock.advance(30_000);
    expect(await world.find(run.id)).toMatchObject({ state: 'waiting' });
    const end = { state: 'failed', failure: { code: 'PIPELINE_NOT_FOUND' }, hooks: [{ state: 'cancelled' }] };
    expect(await world.settle(run.id, 900_000, 1_000)).toMatchObject(end);
    await world.close();
  });

  test('ends a run with all hooks done that was killed before its last write', async () => {
    const options = { pipelines: [makePipeline()], versions: [makePlugin('stuck')] };
    const { before, id } = await killedAt(options, 'stuck');
    const [invocation] = await before.store.listInvocations(id, patient());
    if (invocation === undefined) throw new Error('nothing was called');
    await before.store.putPayload(id, 'r', '{"late":1}', patient());
    const ended = { state: 'succeeded', outcome: { code: 'ok', message: '' }, resultPayload: 'r' } as const;
    await before.store.updateInvocation(invocation.id, { states: ['running'] }, ended, patient());
    const world = await restart(before, options);
    const run: Run = await world.settle(id);
    expect(run.state).toBe('succeeded');
    expect(world.invoker.calls).toEqual([]);
    expect(await world.payload(id, 'data')).toEqual({ n: 1, late: 1 });
    await world.close();
  });
});

async function copyRun(from: HangingStore, to: HangingStore, id: RunId): Promise<void> {
  const run = await from.findRun(id, patient());
  if (run === null) throw new Error('no run');
  await to.insertRun(run, patient());
  for (const invocation of await from.listInvocations(id, patient())) await to.insertInvocation(invocation, patient());
  await to.putPayload(id, 'input', (await from.findPayload(id, 'input', patient())) ?? '{}', patient());
}
