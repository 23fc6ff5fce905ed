// Proves what an operator's settings file of a plugin may hold.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPluginSettings } from '../../../src/config/load-plugin-settings.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-settings-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('settings of a plugin', () => {
  it('are empty without a file, and with an empty one', async () => {
    await writeFile(join(folder, 'empty.yaml'), '# nothing\n');
    expect(await loadPluginSettings(folder, 'none')).toEqual({});
    expect(await loadPluginSettings(folder, 'empty')).toEqual({});
  });

  it('are the map that the file holds', async () => {
    await writeFile(join(folder, 'one.yaml'), 'limit: 3\nnames: [a, b]\n');
    expect(await loadPluginSettings(folder, 'one')).toEqual({ limit: 3, names: ['a', 'b'] });
  });

  it.each([
    ['- 1', 'CONFIG_INVALID'],
    ['"__proto__": {a: 1}', 'CONFIG_INVALID'],
    ['a: [', 'CONFIG_SYNTAX'],
  ])('are refused when the file says %j', async (text, code) => {
    await writeFile(join(folder, 'bad.yaml'), text);
    await expect(loadPluginSettings(folder, 'bad')).rejects.toMatchObject({ code });
  });
});
