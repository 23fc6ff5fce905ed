// The manifests of the sample plugins and the puppet, and the pipelines beside them, as the program itself reads them.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadDeclared } from '../../../src/compose/load-declared.ts';
import { checkHooks } from '../../../src/plugins/check-hooks.ts';
import { readManifest } from '../../../src/plugins/manifest/read-manifest.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const FOLDERS = [...globSync('plugins/*', { cwd: ROOT }), 'test/support/puppet'];

describe('the sample manifests', () => {
  it.each(FOLDERS)('are accepted without a warning and serve hooks that exist (%s)', async (folder) => {
    const file = path.join(folder, 'plugin.yaml');
    const manifest = readManifest(readFileSync(path.join(ROOT, file)), file);
    if (!('plugin' in manifest)) throw new Error(JSON.stringify(manifest.problems));
    expect(manifest.plugin.name).toBe(path.basename(folder));
    if (!folder.startsWith('plugins/')) return;
    const pipelines = await loadDeclared(path.join(ROOT, 'config/pipelines.yaml'), 'config/pipelines.yaml');
    const { problems, warnings } = checkHooks(manifest.plugin, [...pipelines.values()], file);
    expect([...manifest.warnings, ...problems, ...warnings]).toEqual([]);
  });

  it('name every file that their runtime starts', () => {
    for (const folder of globSync('plugins/*', { cwd: ROOT })) {
      const manifest = readFileSync(path.join(ROOT, folder, 'plugin.yaml'), 'utf8');
      const entry = /^entry: (\S+)$/m.exec(manifest)?.[1];
      if (entry !== undefined) expect(globSync(path.join(ROOT, folder, entry))).toHaveLength(1);
    }
  });
});
