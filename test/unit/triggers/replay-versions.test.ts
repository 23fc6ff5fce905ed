// Replays with plugin versions that do not serve any more.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { PluginVersions } from '../../../src/core/ports/plugin-versions.ts';
import type { ReplayRequest } from '../../../src/triggers/replay-runs.ts';
import { openChain } from '../../support/pipeline/broken-chain.ts';
import { makePlugin } from '../../support/pipeline/run-world.ts';
import { patient } from '../../support/store/build-records.ts';

describe('replay with other versions', () => {
  const OLDER = { ...makePlugin('twoer', { hooks: ['two', 'gone'], failHard: true }), id: 'twoer@0.9.0+aaaaaaaaaaaa' };

  /** What is on the shelf, and how often it was asked. */
  function shelf(): PluginVersions & { held: number; found: number; isEmpty: boolean; setting: number } {
    const state = { held: 0, found: 0, isEmpty: false, setting: 1 };
    return Object.assign(state, {
      choose: (name: string, version: string) => {
        if (name !== 'twoer' || version !== '0.9.0')
          return Promise.reject(new GantryError('PLUGIN_VERSION_NOT_FOUND', `no ${name}`));
        state.held += 1;
        return Promise.resolve({
          version: { ...OLDER, config: { n: state.setting } },
          [Symbol.dispose]: () => void (state.held -= 1),
        });
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

  test('says which settings the version had, which are no part of what a key is compared by', async () => {
    const versions = shelf();
    const chain = await openChain({ keptVersions: versions });
    const { world } = chain;
    chain.isBroken = false;
    const { id: runId } = await chain.finish();
    const asked = { runId, from: 'two', pluginVersions: { twoer: '0.9.0' } };
    const { run: first } = await world.runs.replayRun({ ...asked, idempotencyKey: 'k' });
    versions.setting = 2;
    const again = await world.runs.replayRun({ ...asked, idempotencyKey: 'k' });
    const { run: second } = await world.runs.replayRun(asked);
    expect([again.run.id, again.run.lineage]).toEqual([first.id, first.lineage]);
    const [one, other] = [first.lineage?.settings?.['twoer'], second.lineage?.settings?.['twoer']];
    expect([one, other]).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/), expect.stringMatching(/^[0-9a-f]{12}$/)]);
    expect(one).not.toBe(other);
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
