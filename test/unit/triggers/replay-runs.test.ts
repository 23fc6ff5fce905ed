// New runs from ended ones: what is run again, what is taken over, what is refused.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { PluginVersions } from '../../../src/core/ports/plugin-versions.ts';
import type { ReplayRequest } from '../../../src/triggers/replay-runs.ts';
import { Chain, HOOKS, openChain } from '../../support/pipeline/broken-chain.ts';
import { makePipeline, makePlugin } from '../../support/pipeline/run-world.ts';
import { newRunId, patient } from '../../support/store/build-records.ts';

describe('retry', () => {
  test('goes on from the failed hook with what the finished ones left, and leaves the original as it is', async () => {
    const chain = await openChain();
    const { world } = chain;
    const failed = await chain.finish();
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'crash', hook: 'two' } });
    chain.isBroken = false;
    const { run } = await world.runs.retryRun({ runId: failed.id });
    const ended = await world.settle(run.id);
    expect(chain.calls).toEqual(['oneer', 'twoer', 'twoer', 'threeer']);
    expect(chain.seen(2)).toEqual([
      { in: 0, one: 1 },
      { in: 0, one: 1, two: 3 },
    ]);
    expect(ended).toMatchObject({ state: 'succeeded', trigger: 'replay', params: { p: 1, q: 2 } });
    expect(ended.lineage).toEqual({ kind: 'retry', runId: failed.id, hook: 'two' });
    expect(ended.hooks.map(({ state, reusedFrom }) => [state, reusedFrom])).toEqual([
      ['succeeded', failed.id],
      ['succeeded', undefined],
      ['succeeded', undefined],
    ]);
    expect(Object.keys((await world.payload(run.id, 'results')) as object)).toEqual(HOOKS);
    expect(await world.find(failed.id)).toEqual(failed);
    await world.close();
  });

  test('begins with the first hook when none had finished, and takes over a retry’s own past', async () => {
    const chain = await openChain();
    const { world } = chain;
    const failed = await chain.finish();
    const again = await world.settle((await world.runs.retryRun({ runId: failed.id })).run.id);
    expect(again.state).toBe('failed');
    chain.isBroken = false;
    const third = await world.settle((await world.runs.retryRun({ runId: again.id })).run.id);
    expect(third.state).toBe('succeeded');
    expect(third.hooks[0]?.reusedFrom).toBe(failed.id);
    const queued = new Chain();
    const { run } = await queued.world.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: [1] });
    await queued.world.runs.requestCancel(run.id);
    queued.isBroken = false;
    await queued.world.runs.start();
    const whole = await queued.world.settle((await queued.world.runs.retryRun({ runId: run.id })).run.id);
    expect(whole).toMatchObject({ state: 'succeeded', lineage: { kind: 'retry', hook: null } });
    expect(queued.seen(0)[0]).toEqual([1]);
    for (const one of [world, queued.world]) await one.close();
  });

  test('gives the same run for the same idempotency key', async () => {
    const chain = await openChain();
    const failed = await chain.finish();
    const request = { runId: failed.id, idempotencyKey: 'again' };
    const first = await chain.world.runs.retryRun(request);
    expect(await chain.world.runs.retryRun(request)).toMatchObject({ run: { id: first.run.id }, isRepeat: true });
    const other = chain.world.runs.replayRun({ ...request, from: null });
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    await chain.world.close();
  });

  test('refuses what is not there, has not ended, succeeded, or had other hooks', async () => {
    const chain = await openChain();
    const { world } = chain;
    const codeOf = (id: RunId): Promise<unknown> =>
      world.runs.retryRun({ runId: id }).catch((error: unknown) => (error as { code: string }).code);
    const failed = await chain.finish();
    chain.isBroken = false;
    const succeeded = await chain.finish();
    expect(await codeOf(newRunId())).toBe('RUN_NOT_FOUND');
    expect(await codeOf(succeeded.id)).toBe('RUN_SUCCEEDED');
    world.pipelines.set('default', makePipeline({ hookNames: [...HOOKS, 'four'] }));
    expect(await codeOf(failed.id)).toBe('HOOKS_CHANGED');
    world.pipelines.clear();
    expect(await codeOf(failed.id)).toBe('PIPELINE_NOT_FOUND');
    await world.close();
    const idle = new Chain();
    const { run } = await idle.world.runs.startRun({ pipeline: 'default', trigger: 'api', params: {}, data: {} });
    await expect(idle.world.runs.retryRun({ runId: run.id })).rejects.toMatchObject({ code: 'RUN_NOT_FINISHED' });
  });

  test('refuses a run whose documents are being removed', async () => {
    const chain = await openChain();
    const failed = await chain.finish();
    await chain.world.store.retention.removeRun(failed.id, 1, patient());
    const retry = chain.world.runs.retryRun({ runId: failed.id });
    await expect(retry).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await chain.world.close();
  });
});

describe('replay', () => {
  test('runs all hooks again with the original’s input and edited params', async () => {
    const chain = await openChain();
    const { world } = chain;
    chain.isBroken = false;
    const original = await chain.finish();
    const { run } = await world.runs.replayRun({ runId: original.id, from: null, params: { q: 3 } });
    const ended = await world.settle(run.id);
    expect(chain.calls.slice(3)).toEqual(['oneer', 'twoer', 'threeer']);
    expect(chain.seen(3)[0]).toEqual({ in: 0 });
    expect(ended).toMatchObject({ state: 'succeeded', params: { p: 1, q: 3 } });
    expect(ended.lineage).toEqual({ kind: 'replay', runId: original.id, hook: null });
    await world.close();
  });

  test('runs a hook and what follows it, with edited data where it is given', async () => {
    const chain = await openChain();
    const { world } = chain;
    chain.isBroken = false;
    const original = await chain.finish();
    const plain = await world.runs.replayRun({ runId: original.id, from: 'three' });
    expect(await world.settle(plain.run.id)).toMatchObject({ state: 'succeeded', lineage: { hook: 'three' } });
    expect(chain.seen(3)).toEqual([{ in: 0, one: 1, two: 2 }]);
    const edited = await world.runs.replayRun({ runId: original.id, from: 'two', data: { in: 9 } });
    await world.settle(edited.run.id);
    expect(chain.seen(4)).toEqual([{ in: 9 }, { in: 9, two: 5 }]);
    expect(await world.payload(edited.run.id, 'data')).toEqual({ in: 9, two: 5, three: 6 });
    await world.close();
  });

  test('takes over the branches of a graph that do not follow the hook', async () => {
    const hooks = [{ name: 'one' }, { name: 'two', after: [] }, { name: 'three', after: ['one', 'two'] }];
    const chain = await openChain({ pipelines: [makePipeline({ hooks })] });
    const { world } = chain;
    chain.isBroken = false;
    const original = await chain.finish();
    const { run } = await world.runs.replayRun({ runId: original.id, from: 'two' });
    expect(await world.settle(run.id)).toMatchObject({ state: 'succeeded' });
    expect(chain.calls.slice(3)).toEqual(['twoer', 'threeer']);
    const data = world.runs.replayRun({ runId: original.id, from: 'two', data: {} });
    await expect(data).rejects.toMatchObject({ code: 'REPLAY_IMPOSSIBLE' });
    const unknown = world.runs.replayRun({ runId: original.id, from: 'thre' });
    await expect(unknown).rejects.toMatchObject({
      code: 'HOOK_NOT_FOUND',
      message: expect.stringContaining('three') as string,
    });
    await world.close();
  });
});

describe('replay with other versions', () => {
  const OLDER = { ...makePlugin('twoer', { hooks: ['two', 'gone'], failHard: true }), id: 'twoer@0.9.0+aaaaaaaaaaaa' };

  /** What is on the shelf, and how often it was asked. */
  function shelf(): PluginVersions & { held: number; found: number; isEmpty: boolean } {
    const state = { held: 0, found: 0, isEmpty: false };
    return Object.assign(state, {
      choose: (name: string, version: string) => {
        if (name !== 'twoer' || version !== '0.9.0')
          return Promise.reject(new GantryError('PLUGIN_VERSION_NOT_FOUND', `no ${name}`));
        state.held += 1;
        return Promise.resolve({ version: OLDER, [Symbol.dispose]: () => void (state.held -= 1) });
      },
      find: () => {
        if (state.isEmpty) return Promise.reject(new GantryError('PLUGIN_VERSION_REMOVED', 'the image is gone'));
        state.found += 1;
        return Promise.resolve(OLDER);
      },
    });
  }

  test('calls the version that was asked for, says so in the lineage, and lets a retry take the current one', async () => {
    const versions = shelf();
    const chain = await openChain({ keptVersions: versions });
    const { world } = chain;
    chain.isBroken = false;
    const original = await chain.finish();
    const asked = { runId: original.id, from: 'two', pluginVersions: { twoer: '0.9.0' } };
    const { run } = await world.runs.replayRun({ ...asked, idempotencyKey: 'k' });
    const ended = await world.settle(run.id);
    expect(ended).toMatchObject({ state: 'succeeded', lineage: { pluginVersions: { twoer: OLDER.id } } });
    const called = (await world.store.listInvocations(run.id, patient())).map(({ pluginVersion }) => pluginVersion);
    expect(called).toEqual([OLDER.id, 'threeer@1.0.0+0123456789ab']);
    expect(versions).toMatchObject({ held: 0, found: 1 });
    const other = world.runs.replayRun({ runId: original.id, from: 'two', idempotencyKey: 'k' });
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    chain.isBroken = true;
    const broken = await world.settle((await world.runs.replayRun(asked)).run.id);
    chain.isBroken = false;
    const retried = await world.settle((await world.runs.retryRun({ runId: broken.id })).run.id);
    expect(retried.lineage).toEqual({ kind: 'retry', runId: broken.id, hook: 'two' });
    const [first] = await world.store.listInvocations(retried.id, patient());
    expect(first?.pluginVersion).toBe('twoer@1.0.0+0123456789ab');
    await world.close();
  });

  test('refuses a version that is not there or would not be called, and fails when its image went all the same', async () => {
    const versions = shelf();
    const chain = await openChain({ keptVersions: versions });
    const { world } = chain;
    chain.isBroken = false;
    const { id: runId } = await chain.finish();
    const codeOf = (request: Omit<ReplayRequest, 'runId'>): Promise<unknown> =>
      world.runs.replayRun({ runId, ...request }).catch((error: unknown) => (error as { code: string }).code);
    const pluginVersions = { twoer: '0.9.0' };
    expect(await codeOf({ from: null, pluginVersions: { twoer: '7' } })).toBe('PLUGIN_VERSION_NOT_FOUND');
    expect(await codeOf({ from: 'three', pluginVersions })).toBe('REPLAY_IMPOSSIBLE');
    expect(versions.held).toBe(0);
    versions.isEmpty = true;
    const { run } = await world.runs.replayRun({ runId, from: null, pluginVersions });
    expect(await world.settle(run.id)).toMatchObject({ state: 'failed', failure: { code: 'PLUGIN_VERSION_REMOVED' } });
    await world.close();
    const bare = await openChain();
    bare.isBroken = false;
    const ended = await bare.finish();
    const nowhere = bare.world.runs.replayRun({ runId: ended.id, from: null, pluginVersions });
    await expect(nowhere).rejects.toMatchObject({ code: 'REPLAY_IMPOSSIBLE' });
    await bare.world.close();
  });
});
