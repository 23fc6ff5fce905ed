// Keys and values of plugins: versions, comparison before a write, limits, order, and that no plugin sees another's.
import { describe, expect, it } from 'vitest';
import type { PluginState, StatePut, StatePutResult } from '../../../src/core/ports/plugin-state.ts';
import { freshName, patient } from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

let versions = 0;

function buildPut(plugin: string, key: string, changes: Partial<StatePut> = {}): StatePut {
  versions += 1;
  const json = changes.json ?? '1';
  return {
    ...{ plugin, key, json, sizeBytes: key.length + json.length, version: `v${String(versions)}` },
    ...{ ifVersion: undefined, atMs: 5, keysMax: 1_000, bytesMax: 8 * 1024 * 1024 },
    ...changes,
  };
}

function versionContract(state: () => PluginState): void {
  it('gives back what was put, until it is deleted', async () => {
    const plugin = freshName('plugin');
    expect(await state().get(plugin, 'a', patient())).toBeNull();
    const json = '{"$set":{"a.b":null},"text":"žluťoučký 🐎","__order__":[2,1]}';
    const first = buildPut(plugin, 'a', { json });
    expect(await state().put(first, patient())).toEqual({ kind: 'stored' });
    expect(await state().get(plugin, 'a', patient())).toEqual({ json, version: first.version });
    const second = buildPut(plugin, 'a', { json: '2' });
    expect(await state().put(second, patient())).toEqual({ kind: 'stored' });
    expect(await state().get(plugin, 'a', patient())).toEqual({ json: '2', version: second.version });
    expect(await state().delete(plugin, 'a', undefined, patient())).toEqual({ kind: 'deleted' });
    expect(await state().delete(plugin, 'a', undefined, patient())).toEqual({ kind: 'absent' });
    expect(await state().get(plugin, 'a', patient())).toBeNull();
  });

  it('keeps a value of 64 KiB letter by letter', async () => {
    const plugin = freshName('plugin');
    const json = JSON.stringify('é\u0001"'.repeat(9_000));
    await state().put(buildPut(plugin, '~'.repeat(256), { json }), patient());
    expect(await state().get(plugin, '~'.repeat(256), patient())).toMatchObject({ json });
  });

  it('changes nothing when another version stands there', async () => {
    const plugin = freshName('plugin');
    const first = buildPut(plugin, 'a', { ifVersion: null });
    expect(await state().put(first, patient())).toEqual({ kind: 'stored' });
    const { version } = first;
    const conflict = { kind: 'conflict', version };
    expect(await state().put(buildPut(plugin, 'a', { ifVersion: null }), patient())).toEqual(conflict);
    expect(await state().put(buildPut(plugin, 'a', { ifVersion: 'other' }), patient())).toEqual(conflict);
    expect(await state().put(buildPut(plugin, 'b', { ifVersion: 'other' }), patient())).toEqual({
      kind: 'conflict',
      version: null,
    });
    expect(await state().delete(plugin, 'a', 'other', patient())).toEqual(conflict);
    expect(await state().get(plugin, 'a', patient())).toEqual({ json: '1', version });
    const second = buildPut(plugin, 'a', { ifVersion: version });
    expect(await state().put(second, patient())).toEqual({ kind: 'stored' });
    expect(await state().delete(plugin, 'a', second.version, patient())).toEqual({ kind: 'deleted' });
  });

  it('takes the same put twice as one', async () => {
    const plugin = freshName('plugin');
    const put = buildPut(plugin, 'a', { ifVersion: null });
    expect(await state().put(put, patient())).toEqual({ kind: 'stored' });
    expect(await state().put(put, patient())).toEqual({ kind: 'stored' });
  });

  it('lets one of many rivals through', async () => {
    const plugin = freshName('plugin');
    const first = buildPut(plugin, 'a');
    await state().put(first, patient());
    const rivals = Array.from({ length: 12 }, () => buildPut(plugin, 'a', { ifVersion: first.version }));
    const results = await Promise.all(rivals.map((rival) => state().put(rival, patient())));
    expect(results.filter(({ kind }) => kind === 'stored')).toHaveLength(1);
    const winner = rivals[results.findIndex(({ kind }) => kind === 'stored')];
    expect(await state().get(plugin, 'a', patient())).toMatchObject({ version: winner?.version });
  });
}

function limitContract(state: () => PluginState): void {
  it('refuses a key too many and a byte too many, and lets go what was deleted', async () => {
    const plugin = freshName('plugin');
    const put = (key: string, json: string): Promise<StatePutResult> =>
      state().put(buildPut(plugin, key, { json, keysMax: 2, bytesMax: 20 }), patient());
    expect(await put('a', '1')).toEqual({ kind: 'stored' });
    expect(await put('b', '123456789')).toEqual({ kind: 'stored' });
    expect(await put('c', '1')).toEqual({ kind: 'full', limit: 'keys' });
    expect(await put('a', '1234567890')).toEqual({ kind: 'full', limit: 'bytes' });
    expect(await put('a', '123456789')).toEqual({ kind: 'stored' });
    expect(await put('a', '12345678')).toEqual({ kind: 'stored' });
    await state().delete(plugin, 'a', undefined, patient());
    expect(await put('c', '123456789')).toEqual({ kind: 'stored' });
    // What is over a limit that was lowered may still shrink.
    const smaller = buildPut(plugin, 'c', { json: '1', keysMax: 1, bytesMax: 1 });
    expect(await state().put(smaller, patient())).toEqual({ kind: 'stored' });
  });
}

function listContract(state: () => PluginState): void {
  it('lists keys by their bytes, page by page, of one plugin only', async () => {
    const [plugin, other] = [freshName('plugin'), freshName('plugin')];
    const keys = ['b/1', 'b/~', 'B', 'a', 'b', 'c'];
    for (const key of keys) await state().put(buildPut(plugin, key), patient());
    await state().put(buildPut(other, 'b/2'), patient());
    const list = async (prefix: string, after: string, limit: number): Promise<string[]> => {
      const found = await state().list(plugin, { prefix, after, limit }, patient());
      expect(found.every(({ version, sizeBytes }) => version !== '' && sizeBytes > 1)).toBe(true);
      return found.map(({ key }) => key);
    };
    expect(await list('', '', 10)).toEqual(['B', 'a', 'b', 'b/1', 'b/~', 'c']);
    expect(await list('', 'a', 2)).toEqual(['b', 'b/1']);
    expect(await list('b/', '', 10)).toEqual(['b/1', 'b/~']);
    expect(await list('b/', 'b/1', 10)).toEqual(['b/~']);
    expect(await list('d', '', 10)).toEqual([]);
    expect(await list('', '', 0)).toEqual([]);
  });
}

export function stateContract(subject: StoreUnderTest): void {
  describe('state of plugins', () => {
    const state = (): PluginState => subject.store().pluginState;
    versionContract(state);
    limitContract(state);
    listContract(state);
  });
}
