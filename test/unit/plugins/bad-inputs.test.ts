// The list of bad inputs to manifests, folders and builds, 1–37: each number is proved here or in the file that a table names, and a
// number that nobody proves fails. (16, 18 and 20 have no place in a manifest of ours: the keys do not exist.)
import { describe, expect, it } from 'vitest';
import { checkEntries, checkHostSize } from '../../../src/plugins/image/check-entries.ts';
import { readManifest } from '../../../src/plugins/manifest/read-manifest.ts';
import { Registry } from '../../../src/plugins/registry.ts';
import { BAD_BUILD_NUMBERS } from '../../support/plugins/bad-builds.ts';
import { BAD_MANIFESTS, withLimit } from '../../support/plugins/bad-manifests.ts';
import { BAD_FOLDERS, UNREADABLE_FILE_NUMBER } from '../../support/plugins/bad-folders.ts';
import { makePluginFrom, makeVersion, manifestText } from '../../support/plugins/make-version.ts';

/** Numbers of the single tests below. */
const PROVED_BELOW = [10, 13, 17, 19, 22, 32];

const bytesOf = (given: string | Uint8Array): Uint8Array =>
  typeof given === 'string' ? new TextEncoder().encode(given) : given;

describe('bad inputs', () => {
  it.each(BAD_MANIFESTS)('$number: refuses $title with $code', ({ given, code, names }) => {
    const result = readManifest(bytesOf(given), 'plugins/sample/plugin.yaml');
    const problems = 'problems' in result ? result.problems : [];
    expect(problems[0]?.code).toBe(code);
    expect(problems[0]?.message).toContain(names ?? '');
    expect(problems[0]).toMatchObject({
      file: 'plugins/sample/plugin.yaml',
      line: expect.any(Number) as number,
      column: expect.any(Number) as number,
    });
  });

  it('10: refuses the second folder of one plugin at one version', () => {
    const registry = new Registry([{ name: 'default', hooks: [{ name: 'fetch' }] }]);
    registry.putVersion('plugins/a', makeVersion(), []);
    registry.putVersion('plugins/b', makeVersion(), []);
    expect(registry.statuses()).toMatchObject([
      { state: 'ready', folder: 'plugins/a' },
      { state: 'failed', folder: 'plugins/b', problems: [{ code: 'PLUGIN_DUPLICATE' }] },
    ]);
  });

  it('13: refuses more cpus or memory than the host has, and clamps nothing', () => {
    const plugin = makePluginFrom(withLimit('cpus: 3, memory: 5Gi'));
    const problems = checkHostSize(plugin, { cpus: 2, memoryBytes: 4 * 1024 ** 3 }, 'plugin.yaml');
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['LIMIT_INVALID', "`limits.cpus` 3 is above what the engine's host has: 2"],
      ['LIMIT_INVALID', "`limits.memory` 5368709120 is above what the engine's host has: 4294967296"],
    ]);
    expect(checkHostSize(plugin, { cpus: 3, memoryBytes: 5 * 1024 ** 3 }, 'plugin.yaml')).toEqual([]);
  });

  it('17: refuses a hook that no named pipeline has', () => {
    const registry = new Registry([{ name: 'default', hooks: [{ name: 'load' }] }]);
    registry.putVersion('plugins/a', makeVersion(), []);
    expect(registry.statuses()).toMatchObject([{ state: 'failed', problems: [{ code: 'HOOK_UNKNOWN' }] }]);
  });

  it('19: warns of a secret that stands in the manifest', () => {
    const extra = 'secrets: {API_TOKEN: hunter2hunter2}';
    const { warnings } = readManifest(bytesOf(manifestText(extra)), 'plugin.yaml');
    expect(warnings.map(({ code, line }) => [code, line])).toEqual([['SECRET_INLINE', 8]]);
  });

  it('22: accepts a byte order mark and CRLF', () => {
    const text = `\ufeff${manifestText().replaceAll('\n', '\r\n')}`;
    expect(makePluginFrom(text)).toEqual(makePluginFrom(manifestText()));
  });

  it('32: refuses an own Dockerfile and a networked build where the operator does not permit them', () => {
    const yaml = manifestText('dockerfile: Dockerfile\nbuild: {network: true}').replace(
      'runtime: shell\nentry: main.sh\n',
      '',
    );
    const entries = [{ path: 'Dockerfile', mode: 0o644, bytes: new Uint8Array() }];
    const read = readManifest(bytesOf(yaml), 'plugin.yaml');
    if ('problems' in read) throw new Error(JSON.stringify(read.problems));
    const found = (allowed: boolean) =>
      checkEntries(read.plugin, entries, { allowDockerfile: allowed, allowNetwork: allowed }, read.places);
    expect(found(false)).toMatchObject([
      { code: 'DOCKERFILE_NOT_ALLOWED', line: 6 },
      { code: 'BUILD_NETWORK_NOT_ALLOWED', line: 7 },
    ]);
    expect(found(true)).toEqual([]);
  });

  it('accepts what is just within the limits', () => {
    const filler = `#${' '.repeat(65_535 - manifestText().length)}`;
    expect(makePluginFrom(`${manifestText()}${filler}`).name).toBe('sample');
    expect(makePluginFrom(manifestText('', `a${'b'.repeat(62)}`)).name).toHaveLength(63);
    const limits = makePluginFrom(withLimit('memory: 8Mi, cpus: 0.01, pids: 16, timeout: 7d')).limits;
    expect(limits).toMatchObject({ memoryBytes: 8 * 1024 ** 2, cpus: 0.01, pids: 16, timeoutMs: 604_800_000 });
  });

  it('are proved for every number from 1 to 37', () => {
    const proved = new Set([
      ...BAD_MANIFESTS.map(({ number }) => number),
      ...PROVED_BELOW,
      ...BAD_FOLDERS.map(({ number }) => number),
      UNREADABLE_FILE_NUMBER,
      ...BAD_BUILD_NUMBERS,
    ]);
    const all = Array.from({ length: 37 }, (_, index) => index + 1);
    expect(all.filter((number) => !proved.has(number))).toEqual([]);
  });
});
