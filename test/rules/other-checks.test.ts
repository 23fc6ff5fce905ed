// The checks that are no lint rules – formatting, dead code – fail on planted violations, too; and no ignore list swallows the sources.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ESLint } from 'eslint';
import * as prettier from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layOut } from './read-plants.ts';

const KNIP = join(process.cwd(), 'node_modules/knip/bin/knip.js');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-checks-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function sources(top: string): Promise<readonly string[]> {
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('formatting', () => {
  it.each([
    ["const word = 'one';\n", true],
    ['const word = "one";\n', false],
    ["const word='one'\n", false],
    [`const sum = ${'1234 + '.repeat(17)}1;\n`.padEnd(10), false],
  ])('%j is well formatted: %s', async (text, isGood) => {
    const options = await prettier.resolveConfig('src/main.ts');
    expect(await prettier.check(text, { ...options, filepath: 'src/planted.ts' })).toBe(isGood);
  });

  it('is checked for every source', async () => {
    const files = [...(await sources('src')), ...(await sources('test'))];
    const infos = await Promise.all(
      files.map((file) => prettier.getFileInfo(file, { ignorePath: ['.prettierignore', '.gitignore'] })),
    );
    expect(files.filter((_, index) => infos[index]?.ignored !== false)).toEqual([]);
    expect(files.length).toBeGreaterThan(200);
  });
});

describe('linting', () => {
  it('is done on every source', async () => {
    const eslint = new ESLint();
    const files = [...(await sources('src')), ...(await sources('test'))];
    const ignored = await Promise.all(files.map((file) => eslint.isPathIgnored(file)));
    expect(files.filter((_, index) => ignored[index] === true)).toEqual([]);
  });
});

describe('dead code', () => {
  it('is found: an export and a file that nobody uses', async () => {
    const main = "// Entry.\nimport { used } from './lib/one.ts';\nused();\n";
    const one = 'export const used = (): void => undefined;\nexport const planted = 1;\n';
    await layOut(folder, [
      { path: 'src/main.ts', text: main },
      { path: 'src/lib/one.ts', text: one },
      { path: 'src/lib/lonely.ts', text: one },
    ]);
    await writeFile(join(folder, 'package.json'), '{"name":"tree","type":"module"}');
    await writeFile(join(folder, 'knip.json'), '{"entry":["src/main.ts"],"project":["src/**/*.ts"]}');
    const run = promisify(execFile)(process.execPath, [KNIP, '--directory', folder, '--reporter', 'json']);
    const { stdout } = await run.then(
      () => ({ stdout: 'knip found nothing' }),
      (error: unknown) => error as { stdout: string },
    );
    const report = JSON.parse(stdout) as {
      issues: { file: string; files?: unknown[]; exports?: { name: string }[] }[];
    };
    const named = report.issues.flatMap(({ file, exports }) => [file, ...(exports ?? []).map(({ name }) => name)]);
    expect(named).toEqual(expect.arrayContaining(['src/lib/one.ts', 'planted', 'src/lib/lonely.ts']));
    expect(named).not.toContain('used');
  });
});
