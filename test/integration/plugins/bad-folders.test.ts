// Bad folders on the real file system: each is refused by its code and named, nothing hangs, and a good one passes.
import { chmod, mkdir, symlink, utimes } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFolder, type LoadFolder, type LoadOptions } from '../../../src/plugins/load-folder.ts';
import { BAD_FOLDERS, UNREADABLE_FILE_NUMBER } from '../../support/plugins/bad-folders.ts';
import { manifestText } from '../../support/plugins/make-version.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

const OPTIONS: LoadOptions = {
  policy: { allowDockerfile: true, allowNetwork: true },
  settingsFolder: null,
  expressions: null,
};

async function goodFolder(): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.make();
  await folder.write({ 'plugin.yaml': manifestText(), 'main.sh': 'echo {}\n', 'lib/part.sh': '# part\n' });
  // File systems may tell time in steps of milliseconds: what changes from now on has another time for certain.
  await utimes(folder.path, 0, 0);
  return folder;
}
const load = (folder: TemporaryFolder, options: Partial<LoadOptions> = {}): Promise<LoadFolder> =>
  loadFolder(folder.path, 'plugins/sample', { ...OPTIONS, ...options });
const problemsOf = (loaded: LoadFolder) => ('problems' in loaded ? loaded.problems : []);
const pathsOf = (loaded: LoadFolder) => ('entries' in loaded ? loaded.entries.map(({ path }) => path) : []);

describe('loadFolder', () => {
  it('reads a good folder, by path and with plain modes', async () => {
    await using folder = await goodFolder();
    await chmod(join(folder.path, 'main.sh'), 0o700);
    await chmod(join(folder.path, 'lib/part.sh'), 0o600);
    const loaded = await load(folder);
    expect(problemsOf(loaded)).toEqual([]);
    expect('entries' in loaded && loaded.entries.map(({ path, mode }) => [path, mode])).toEqual([
      ['lib/part.sh', 0o644],
      ['main.sh', 0o755],
      ['plugin.yaml', 0o644],
    ]);
  });

  it.each(BAD_FOLDERS)('refuses $title (bad input $number)', async ({ spoil, code, names }) => {
    await using folder = await goodFolder();
    const files = await spoil(folder);
    const problems = problemsOf(await load(folder, files === undefined ? {} : { files }));
    expect(problems.map((problem) => problem.code)).toContain(code);
    expect(problems.map((problem) => problem.message).join('\n')).toContain(names);
    expect(problems[0]?.file).toMatch(/^plugins\/sample/);
  });

  it('refuses a socket (bad input 27)', async () => {
    await using folder = await goodFolder();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder.path, 'sock'), resolve));
    const problems = problemsOf(await load(folder));
    await new Promise((resolve) => server.close(resolve));
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['CONTEXT_FORBIDDEN_ENTRY', 'plugins/sample/sock is a socket'],
    ]);
  });

  it(`refuses a file that it may not read (bad input ${UNREADABLE_FILE_NUMBER})`, async () => {
    await using folder = await goodFolder();
    await load(folder); // every module is loaded before rights are given up
    await chmod(folder.path, 0o755);
    await chmod(join(folder.path, 'main.sh'), 0o000);
    const problems = problemsOf(await withoutRights(() => load(folder)));
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['CONTEXT_UNREADABLE', 'plugins/sample/main.sh cannot be read (EACCES)'],
    ]);
  });

  it('refuses a folder without a manifest', async () => {
    await using folder = await TemporaryFolder.make();
    await folder.write({ 'main.sh': '' });
    expect(problemsOf(await load(folder))).toMatchObject([
      { code: 'MANIFEST_UNREADABLE', message: 'the folder has no plugin.yaml' },
    ]);
  });

  it('refuses a plugin folder that is a symlink', async () => {
    await using folder = await goodFolder();
    await using outside = await TemporaryFolder.make();
    await symlink(folder.path, join(outside.path, 'linked'));
    expect(problemsOf(await loadFolder(join(outside.path, 'linked'), 'plugins/linked', OPTIONS))).toMatchObject([
      { code: 'CONTEXT_FORBIDDEN_ENTRY', file: 'plugins/linked/plugin.yaml' },
    ]);
  });

  it('names a path with control characters safely', async () => {
    await using folder = await goodFolder();
    await mkdir(join(folder.path, 'a\u001b[31m'));
    expect(problemsOf(await load(folder)).map(({ file }) => file)).toEqual(['plugins/sample/a\\u001b[31m']);
  });

  it('leaves out what .dockerignore and the built-in list name, even what would be refused', async () => {
    await using folder = await goodFolder();
    await folder.write({
      '.dockerignore': '# notes\n*.log\nsecret/\n!keep.log\n',
      'a.log': '',
      'keep.log': '',
      'secret/key': '',
      '.git/config': '',
      '__pycache__/x.pyc': '',
    });
    const files = await BAD_FOLDERS.find(({ number }) => number === 24)?.spoil(folder);
    expect(files).toBeUndefined();
    await folder.write({ '.dockerignore': '*.log\nsecret/\n!keep.log\nout\n' });
    const loaded = await load(folder);
    expect(problemsOf(loaded)).toEqual([]);
    expect(pathsOf(loaded)).toEqual(['.dockerignore', 'keep.log', 'lib/part.sh', 'main.sh', 'plugin.yaml']);
  });

  it('refuses a .dockerignore that it would misread', async () => {
    await using folder = await goodFolder();
    await folder.write({ '.dockerignore': 'x\n[a-z].key\n' });
    expect(problemsOf(await load(folder))).toMatchObject([
      { code: 'MANIFEST_INVALID', file: 'plugins/sample/.dockerignore', line: 2 },
    ]);
  });

  it('checks settings against the schema of the manifest and fills in its defaults', async () => {
    await using folder = await goodFolder();
    await using settings = await TemporaryFolder.make();
    const schema = '{type: object, properties: {n: {type: integer, default: 3}, word: {type: string}}}';
    await folder.write({ 'plugin.yaml': manifestText(`config: {schema: ${schema}}`) });
    const configOf = async () => {
      const loaded = await load(folder, { settingsFolder: settings.path });
      return 'config' in loaded ? (JSON.parse(JSON.stringify(loaded.config)) as unknown) : loaded.problems;
    };
    expect(await configOf()).toEqual({ n: 3 });
    await settings.write({ 'sample.yaml': 'word: hello\n' });
    expect(await configOf()).toEqual({ n: 3, word: 'hello' });
    await settings.write({ 'sample.yaml': 'word: hello\nn: many\n' });
    expect(await configOf()).toMatchObject([{ code: 'CONFIG_INVALID', line: 2, column: 4 }]);
  });
});

/** Runs the work as a user without rights; root reads anything. */
async function withoutRights<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return await work();
  process.setegid?.(65_534);
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
