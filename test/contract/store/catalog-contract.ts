// Versions of plugins and pipelines, workers, the store's own state, and how it behaves at a deadline.
import { describe, expect, it } from 'vitest';
import type { PipelineVersionRecord, PluginVersionRecord, Store } from '../../../src/core/ports/store.ts';
import { buildRun, freshName, newWorkerId, patient, testClock } from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

function pluginVersion(plugin: string, createdAtMs: number): PluginVersionRecord {
  const id = `${plugin}@1.0.${String(createdAtMs)}+0123456789ab`;
  const manifest = { name: plugin, 'a.b': { $set: null } };
  const image = { contentHash: 'c', imageId: 'sha256:1', imageTag: 'tag' };
  return { id, plugin, ...image, manifest, createdAtMs, lastUsedAtMs: null, imageRemovedAtMs: null, said: null };
}

function pipelineVersion(name: string, version: string, createdAtMs = 1): PipelineVersionRecord {
  return { name, version, author: 'file', definition: { hooks: [{ name: 'fetch', $x: version }] }, createdAtMs };
}

function versionContract(subject: StoreUnderTest): void {
  it('keeps each plugin version once, newest first', async () => {
    const plugin = freshName('plugin');
    const [first, second] = [pluginVersion(plugin, 1), pluginVersion(plugin, 2)];
    await subject.store().putPluginVersion(first, patient());
    await subject.store().putPluginVersion(second, patient());
    await subject.store().putPluginVersion({ ...first, imageTag: 'other' }, patient());
    await subject.store().putPluginVersion(pluginVersion(freshName('plugin'), 3), patient());
    expect(await subject.store().listPluginVersions(plugin, patient())).toEqual([second, first]);
  });

  it('remembers when a plugin version was last used and when its image went, and tells of one it does not know', async () => {
    const plugin = freshName('plugin');
    const [first, second] = [pluginVersion(plugin, 1), pluginVersion(plugin, 2)];
    await subject.store().putPluginVersion(first, patient());
    await subject.store().putPluginVersion(second, patient());
    expect(await subject.store().updatePluginVersion(first.id, { lastUsedAtMs: 5 }, patient())).toBe(true);
    expect(await subject.store().updatePluginVersion(first.id, { imageRemovedAtMs: 6 }, patient())).toBe(true);
    expect(await subject.store().updatePluginVersion(`${first.id}x`, { lastUsedAtMs: 7 }, patient())).toBe(false);
    const changed = { ...first, lastUsedAtMs: 5, imageRemovedAtMs: 6 };
    expect(await subject.store().listPluginVersions(plugin, patient())).toEqual([second, changed]);
    expect(await subject.store().updatePluginVersion(first.id, { imageRemovedAtMs: null }, patient())).toBe(true);
    const mended = { ...changed, imageRemovedAtMs: null };
    expect(await subject.store().listPluginVersions(plugin, patient())).toEqual([second, mended]);
  });

  it('keeps what a plugin version said of itself last, whatever its keys', async () => {
    const plugin = freshName('plugin');
    const [first, second] = [pluginVersion(plugin, 1), pluginVersion(plugin, 2)];
    const said = {
      metadata: { 'a.b': { $set: [1.5, null, 'ž\u0000'] } },
      configUi: { schema: { $ref: '#' }, hints: { '': true } },
      problems: ['get_metadata: late'],
    };
    for (const version of [first, second]) await subject.store().putPluginVersion(version, patient());
    for (const words of [{ ...said, metadata: {} }, said])
      expect(await subject.store().updatePluginVersion(first.id, { said: words }, patient())).toBe(true);
    await subject.store().putPluginVersion(first, patient());
    expect(await subject.store().listPluginVersions(plugin, patient())).toEqual([second, { ...first, said }]);
  });

  it('makes a new pipeline version only when the content differs from the newest', async () => {
    const name = freshName('pipeline');
    const store = (): Store => subject.store();
    expect(await store().putPipelineVersion(pipelineVersion(name, 'a'), patient())).toBe(true);
    expect(await store().putPipelineVersion(pipelineVersion(name, 'a', 2), patient())).toBe(false);
    expect(await store().putPipelineVersion(pipelineVersion(name, 'b', 3), patient())).toBe(true);
    expect(await store().putPipelineVersion(pipelineVersion(name, 'a', 4), patient())).toBe(true);
    expect(await store().listPipelineVersions(name, patient())).toEqual([
      pipelineVersion(name, 'a', 4),
      pipelineVersion(name, 'b', 3),
      pipelineVersion(name, 'a', 1),
    ]);
    expect(await store().listPipelineVersions(freshName('pipeline'), patient())).toEqual([]);
  });
}

function workerContract(subject: StoreUnderTest): void {
  it('keeps the last beat of each worker until it is removed', async () => {
    const worker = { id: newWorkerId(), startedAtMs: 1, beatAtMs: testClock.nowMs() };
    await subject.store().putWorker(worker, patient());
    const isOurs = ({ id }: { readonly id: string }): boolean => id === worker.id;
    await subject.store().putWorker({ ...worker, beatAtMs: testClock.nowMs() }, patient());
    const standing = (await subject.store().listWorkers(patient())).filter(isOurs);
    expect(standing).toMatchObject([{ id: worker.id, startedAtMs: 1 }]);
    // A server's clock says when, and it is told by ours.
    expect(Math.abs((standing[0]?.beatAtMs ?? 0) - testClock.nowMs())).toBeLessThan(110_000);
    await subject.store().removeWorker(worker.id, patient());
    await subject.store().removeWorker(worker.id, patient());
    expect((await subject.store().listWorkers(patient())).filter(isOurs)).toEqual([]);
  });
}

function conductContract(subject: StoreUnderTest): void {
  it('answers a ping and describes itself', async () => {
    await subject.store().ping(patient());
    const description = await subject.store().describe(patient());
    expect(description.kind).toMatch(/^[a-z]+$/);
    expect(description.version).toMatch(/\d/);
  });

  it.skipIf(subject.isHeld)('refuses with STORE_TIMEOUT when the signal has aborted, and changes nothing', async () => {
    const run = buildRun();
    const insert = subject.store().insertRun(run, { signal: AbortSignal.abort() });
    await expect(insert).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
    expect(await subject.store().findRun(run.id, patient())).toBeNull();
  });

  it.skipIf(subject.isHeld)('emits one event per operation, with its success', async () => {
    const run = buildRun();
    const before = subject.events().length;
    await subject.store().insertRun(run, patient());
    const insert = subject.store().findRun(run.id, { signal: AbortSignal.abort() });
    await expect(insert).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
    expect(subject.events().slice(before)).toMatchObject([
      { kind: 'storeOperationFinished', operation: 'insertRun', isSuccessful: true },
      { kind: 'storeOperationFinished', operation: 'findRun', isSuccessful: false },
    ]);
  });
}

export function catalogContract(subject: StoreUnderTest): void {
  describe('catalog and conduct', () => {
    versionContract(subject);
    workerContract(subject);
    conductContract(subject);
  });
}
