// `gantry plugin init` as it is typed: what it makes is a plugin without problems in every language, and what it refuses leaves nothing.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import { typeCommand, type Typed } from '../../support/cli/type-command.ts';
import { RUNTIMES } from '../../../src/core/plugin.ts';
import { readFixtures } from '../../../src/plugins/conformance/read-fixtures.ts';
import { loadFolder } from '../../../src/plugins/load-folder.ts';
import { TEMPLATE_LANGUAGES } from '../../../src/plugins/template/template-languages.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-init-'));
});
afterAll(() => rm(folder, { recursive: true }));

const init = (...operands: string[]): Promise<Typed> => typeCommand(['plugin', 'init', '--dir', folder, ...operands]);

const codeOf = (code: string): string => `(${code})`;
const policy = { allowDockerfile: false, allowNetwork: false };

describe('gantry plugin init', () => {
  it.each(RUNTIMES.flatMap((runtime) => (['json', 'stream'] as const).map((protocol) => [runtime, protocol] as const)))(
    'makes a plugin without problems in %s for the protocol %s',
    async (runtime, protocol) => {
      const name = `new_${runtime}-${protocol}`;
      const end = await init(runtime, name, '--protocol', protocol);
      expect(end).toMatchObject({ exitCode: 0, stderr: '' });
      const loaded = await loadFolder(join(folder, name), name, {
        policy,
        settingsFolder: null,
        expressions: new CelExpressions(),
      });
      expect(loaded).toMatchObject({
        plugin: {
          name,
          protocol,
          hooks: ['fetch_data'],
          pipelines: ['default'],
          reuse: protocol === 'stream' ? 'warm' : 'never',
          source: { kind: 'runtime', runtime, entry: TEMPLATE_LANGUAGES[runtime].entry },
        },
        warnings: [],
      });
      if ('problems' in loaded) return;
      const greets = { data: { [name]: 'Hello, Ada!' } };
      expect(await readFixtures(join(folder, name), name, loaded.plugin)).toMatchObject({
        fixtures: [{ name: 'ada', expect: greets }],
      });
    },
  );

  it('names the plugin in every file that speaks of it and leaves no word of the template', async () => {
    await init('go', 'words');
    const paths = await readdir(join(folder, 'words'), { recursive: true });
    const texts = await Promise.all(
      paths
        .filter((path) => /\.[a-z]+$/.test(path))
        .map(async (path) => await readFile(join(folder, 'words', path), 'utf8')),
    );
    expect(texts.join('\n')).toContain('"gantry.local/words/greeting"');
    expect(texts.join('\n')).not.toMatch(/\b[A-Z]+_(NAMES?|FILE)\b/);
  });

  it('leaves tests out of the image', async () => {
    await init('python', 'untested');
    const loaded = await loadFolder(join(folder, 'untested'), 'untested', {
      policy,
      settingsFolder: null,
      expressions: null,
    });
    const entries = 'entries' in loaded ? loaded.entries.map(({ path }) => path) : [];
    expect(entries).toContain('main.py');
    expect(entries.filter((path) => path.includes('test') || path.includes('fixture'))).toEqual([]);
  });

  it('says what to type next, and with --json what it made', async () => {
    const { stdout } = await init('python', 'spoken');
    expect(stdout).toMatch(/^ {2}npx gantry plugin dev .*spoken +# /m);
    // Runs look for plugins in plugins.folder only, which this folder is not.
    expect(stdout).not.toContain('npx gantry run');
    const json = await init('py', 'silent', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'silent', runtime: 'python', pipelines: ['default'] });
  });

  it('takes a hook of another pipeline, and one that nobody has with a remark', async () => {
    await init('shell', 'elsewhere', '--hook', 'analyse');
    expect(await readFile(join(folder, 'elsewhere/plugin.yaml'), 'utf8')).toContain('pipelines: [lockfile_report]');
    const end = await init('shell', 'nowhere', '--hook', 'analise');
    expect(end).toMatchObject({ exitCode: 0 });
    expect(end.stderr).toContain('did you mean analyse?');
    expect(await readFile(join(folder, 'nowhere/plugin.yaml'), 'utf8')).toContain('pipelines: ["*"]');
  });

  it.each([
    [['pyhton', 'a'], 2, 'did you mean "python"?', 'USAGE'],
    [['javascrip', 'a'], 2, 'did you mean "node"?', 'USAGE'],
    [['cobol', 'a'], 2, 'choose one of python, node, shell, go, rust, java', 'USAGE'],
    [['python', 'Upper'], 3, '"Upper"', 'PLUGIN_NAME_INVALID'],
    [['python', '../out'], 3, '"../out"', 'PLUGIN_NAME_INVALID'],
    [['python', 'a', '--hook', 'no hook'], 2, '--hook no hook', 'USAGE'],
    [['python', 'a', '--protocol', 'text'], 2, 'write json or stream', 'USAGE'],
    [['python'], 2, '1 given', 'USAGE'],
  ])('refuses %j', async (operands, exitCode, message, code) => {
    const end = await init(...operands);
    expect(end).toMatchObject({ exitCode, stdout: '' });
    expect(end.stderr).toContain(message);
    expect(end.stderr).toContain(`(${code})`);
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });

  it('refuses a folder that stands, and changes nothing in it', async () => {
    await init('python', 'standing');
    await writeFile(join(folder, 'standing/main.py'), 'mine');
    const end = await init('node', 'standing');
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toContain(codeOf('FOLDER_EXISTS'));
    expect(await readFile(join(folder, 'standing/main.py'), 'utf8')).toBe('mine');
    expect(existsSync(join(folder, 'standing/main.mjs'))).toBe(false);
  });

  it('refuses a place where no folder can be', async () => {
    await writeFile(join(folder, 'file'), '');
    const end = await init('python', 'a', '--dir', join(folder, 'file'));
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toContain(codeOf('FOLDER_UNWRITABLE'));
  });
});
