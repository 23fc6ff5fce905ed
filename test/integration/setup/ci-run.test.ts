// What CI reads is the exit code and the last line, and both must be bad whenever the tests did not all run well.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = process.cwd();
let folder: string;

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'gantry-ci-')), 'a folder');
  await mkdir(join(folder, 'docker'), { recursive: true });
  for (const part of ['.ci', 'docker/setup', 'docker/bases'])
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(async () => {
  await rm(join(folder, '..'), { recursive: true, force: true });
});

/** Runs `.ci/run` from elsewhere in a bare environment, with a test command that leaves `summary` and ends with `code`. */
async function runCi(summary: object | undefined, code: number) {
  const write =
    summary === undefined ? '' : `mkdir -p .cache && echo '${JSON.stringify(summary)}' >.cache/test-summary.json && `;
  const scripts = { test: `${write}exit ${code}` };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'gantry', scripts }));
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, CI: 'true' };
  return new Promise<{ code: number; lastLine: string }>((resolve) => {
    const child = execFile('bash', [join(folder, '.ci', 'run')], { cwd: '/', env }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' });
    });
    child.stdin?.end();
  });
}

test('ends well when every test passed', async () => {
  expect(await runCi({ passed: 5, failed: 0, skipped: 1 }, 0)).toEqual({
    code: 0,
    lastLine: '5 passed, 0 failed, 1 skipped',
  });
});

test('ends badly when a test failed', async () => {
  expect(await runCi({ passed: 5, failed: 2, skipped: 0 }, 1)).toEqual({
    code: 1,
    lastLine: '5 passed, 2 failed, 0 skipped',
  });
});

test('counts a bad end without a failed test as one failure', async () => {
  expect(await runCi({ passed: 5, failed: 0, skipped: 0 }, 3)).toEqual({
    code: 1,
    lastLine: '5 passed, 1 failed, 0 skipped',
  });
});

test('ends badly when nothing ran', async () => {
  expect((await runCi({ passed: 0, failed: 0, skipped: 9 }, 0)).code).toBe(1);
});

test('does not take the summary of an earlier run for its own', async () => {
  await runCi({ passed: 5, failed: 0, skipped: 0 }, 0);
  expect(await runCi(undefined, 0)).toEqual({ code: 1, lastLine: '0 passed, 1 failed' });
});
