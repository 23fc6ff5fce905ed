// New runs from ended ones: what is run again, what is taken over, what is refused.
import { describe, expect, test } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import { Chain, HOOKS, openChain } from '../../support/pipeline/broken-chain.ts';
import { makePipeline } from '../../support/pipeline/run-world.ts';
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
    const unknown = world.runs.replayRun({ runId: original.id, from: 'thre' });
    await expect(unknown).rejects.toMatchObject({
      code: 'HOOK_NOT_FOUND',
      message: expect.stringContaining('three') as string,
    });
    await world.close();
  });
});
