// Folders with one thing wrong each: what `gantry plugin lint` says of it, and where.
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import { lintFolder, type Lint } from '../../../src/plugins/lint/lint-folder.ts';
import { LINT_RULES } from '../../../src/plugins/lint/lint-rules.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

const LINES = {
  apiVersion: 'gantry/v1',
  name: 'good',
  version: '1.0.0',
  description: 'Does it.',
  hooks: '[fetch]',
  pipelines: '[default]',
  runtime: 'shell',
  entry: 'main.sh',
  limits: '{ timeout: 5s }',
};

/** A good manifest with some lines in place of its own; null leaves one out. */
function manifest(changed: Readonly<Record<string, string | null>> = {}): string {
  const values: Readonly<Record<string, string | null>> = { ...LINES, ...changed };
  return Object.entries(values)
    .flatMap(([key, value]) => (value === null ? [] : [`${key}: ${value}\n`]))
    .join('');
}

async function lint(
  files: Readonly<Record<string, string>>,
  executable: readonly string[] = [],
): Promise<Lint & { readonly all: readonly string[] }> {
  await using folder = await TemporaryFolder.make();
  await folder.write({ 'plugin.yaml': manifest(), 'main.sh': 'true\n', ...files });
  for (const path of executable) await chmod(join(folder.path, path), 0o755);
  const found = await lintFolder(folder.path, 'p', {
    policy: { allowDockerfile: true, allowNetwork: true },
    settingsFolder: null,
    expressions: new CelExpressions(),
    pipelines: [{ name: 'default', hooks: [{ name: 'fetch' }] }],
  });
  const told = ({ file, line, column, code }: Lint['problems'][number]): string =>
    [file, line, column].filter((part) => part !== null).join(':') + ` ${code}`;
  return { ...found, all: [...found.problems.map(told), ...found.warnings.map((one) => `! ${told(one)}`)] };
}

const python = { runtime: 'python', entry: 'main.py', build: '{ network: true }' };

/** The files beside a good folder's, and all that is said then. */
const CASES: readonly (readonly [rule: string, files: Readonly<Record<string, string>>, said: readonly string[]])[] = [
  ['no-description', { 'plugin.yaml': manifest({ description: null }) }, ['! p/plugin.yaml:2:7 no-description']],
  ['no-description', { 'plugin.yaml': manifest({ description: '" "' }) }, ['! p/plugin.yaml:4:14 no-description']],
  ['no-timeout', { 'plugin.yaml': manifest({ limits: null }) }, ['! p/plugin.yaml:1:1 no-timeout']],
  ['no-timeout', { 'plugin.yaml': manifest({ limits: '{ cpus: 1 }' }) }, ['! p/plugin.yaml:9:1 no-timeout']],
  ['cr-lf', { 'main.sh': 'true\ntrue\r\n' }, ['! p/main.sh:2:1 cr-lf']],
  ['cr-lf', { tool: '#!/bin/sh\r\ntrue\r\n', 'text.txt': 'a\r\n' }, ['! p/tool:1:1 cr-lf']],
  [
    'not-startable',
    { 'plugin.yaml': manifest({ entry: null, command: '[./main.sh]' }) },
    ['! p/plugin.yaml:9:11 not-startable'],
  ],
  [
    'not-startable',
    { 'plugin.yaml': manifest({ entry: null, command: '[./absent]' }) },
    ['! p/plugin.yaml:9:11 not-startable'],
  ],
  [
    'unpinned',
    {
      'main.py': '',
      'plugin.yaml': manifest({ ...python, dependencies: 'requirements.txt' }),
      'requirements.txt': '# these\nrequests==2.0\nnumpy>=1\n-c more.txt\n',
    },
    ['! p/requirements.txt:3:1 unpinned'],
  ],
  [
    'unpinned',
    {
      'main.mjs': '',
      'package.json': '{}',
      'plugin.yaml': manifest({ ...python, runtime: 'node', entry: 'main.mjs', dependencies: 'package.json' }),
    },
    ['! p/plugin.yaml:11:15 unpinned'],
  ],
  ['left-by-tools', { '.venv/bin/activate': '', '.venv/lib': '', 'target/x': '' }, ['! p/.venv left-by-tools']],
  [
    'left-by-tools',
    { 'main.rs': '', 'target/x': '', 'plugin.yaml': manifest({ runtime: 'rust', entry: 'main.rs' }) },
    ['! p/target left-by-tools'],
  ],
  ['secret-file', { '.env': 'A=b' }, ['! p/.env secret-file']],
  ['secret-file', { '.env': 'A=b', '.dockerignore': '.env\n' }, []],
];

describe('lintFolder', () => {
  it('has nothing to say of a good folder', async () => {
    expect(await lint({})).toEqual({ problems: [], warnings: [], all: [] });
    const command = manifest({ entry: null, command: '[./main.sh]' });
    expect((await lint({ 'plugin.yaml': command }, ['main.sh'])).all).toEqual([]);
  });

  it.each(CASES)('warns of %s, with its place (%#)', async (_rule, files, said) => {
    expect((await lint(files)).all).toEqual(said);
  });

  it('has a case for every rule', () => {
    expect(new Set(CASES.map(([rule]) => rule))).toEqual(new Set(LINT_RULES.map(({ name }) => name)));
  });

  it.each([
    [
      'a key that does not exist',
      { limits: '{ timeout: 5s, memori: 1Mi }' },
      ['p/plugin.yaml:9:24 MANIFEST_UNKNOWN_FIELD'],
    ],
    ['a limit out of its range', { limits: '{ timeout: 5s, pids: 1 }' }, ['p/plugin.yaml:9:30 LIMIT_INVALID']],
    ['an entry that is missing', { entry: 'man.sh' }, ['p/plugin.yaml:8:8 ENTRY_MISSING']],
    ['a hook that no pipeline has', { hooks: '[fetch, fetsh]' }, ['p/plugin.yaml:5:16 HOOK_UNKNOWN']],
    [
      'an expression that cannot be',
      { protocol: 'text', input: "'data.('" },
      ['p/plugin.yaml:11:8 EXPRESSION_INVALID'],
    ],
    [
      'a broken manifest and a missing entry at once',
      { version: 'one', entry: 'man.sh' },
      ['p/plugin.yaml:3:10 VERSION_INVALID', 'p/plugin.yaml:8:8 ENTRY_MISSING'],
    ],
    [
      'a pipeline that nobody declared',
      { pipelines: '[defualt]' },
      ['! p/plugin.yaml:6:13 PIPELINE_NOT_FOUND', '! p/plugin.yaml:5:9 HOOK_UNKNOWN'],
    ],
  ])('tells %s, with its place', async (_title, changed, said) => {
    expect([...(await lint({ 'plugin.yaml': manifest(changed) })).all].sort()).toEqual([...said].sort());
  });

  it('tells what is wrong with a fixture', async () => {
    const { all, problems } = await lint({ 'fixtures/a.json': '{"parms": {}}' });
    expect(all).toEqual(['p/fixtures/a.json INPUT_INVALID']);
    expect(problems[0]?.message).toContain('did you mean `params`?');
  });

  it('says how a hook was probably meant', async () => {
    const { problems } = await lint({ 'plugin.yaml': manifest({ hooks: '[fetsh]' }) });
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('did you mean `fetch`?')]);
  });
});
