// The runner stands between npm and every command of the project, so codes, signals and arguments must pass as if it were not there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/gantry/start-gantry.ts';

const RUNNER = fileURLToPath(new URL('../../../docker/setup/on24.mjs', import.meta.url));

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [RUNNER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return {
    child,
    async end() {
      const [code] = (await ended) as [number | null];
      return { code, stdout, stderr };
    },
  };
}

test('runs the command on Node 24 with its arguments untouched and nothing else on stdout', async () => {
  const { code, stdout } = await start([
    '--',
    'node',
    '-p',
    'process.argv.slice(1).join("|") + process.version',
    'a b',
    '--with-engine',
  ]).end();
  expect(stdout).toMatch(/^a b\|--with-enginev24\.\d+\.\d+\n$/);
  expect(code).toBe(0);
});

test('gives the command a place for compiled sources, unless it has one', async () => {
  const script = ['node', '-p', 'process.env.NODE_COMPILE_CACHE'];
  const outer = process.env['NODE_COMPILE_CACHE'] ?? '';
  const { stdout } = await start(script).end();
  expect(stdout).toBe(`${outer === '' ? join(ROOT, '.cache', 'compile') : outer}\n`);
});

test.each([0, 7, 255])('ends with the exit code %i of the command', async (code) => {
  expect((await start(['node', '-e', `process.exit(${code})`]).end()).code).toBe(code);
});

test('passes a SIGTERM on and waits for the command to end', async () => {
  const script = `process.on('SIGTERM', () => { console.log('ending'); process.exit(9); });
    setInterval(() => {}, 1000); console.log('ready');`;
  const run = start(['node', '-e', script]);
  await once(run.child.stdout, 'data');
  run.child.kill('SIGTERM');
  const { code, stdout } = await run.end();
  expect(stdout).toBe('ready\nending\n');
  expect(code).toBe(9);
});

test('ends with 128 plus the signal that killed the command', async () => {
  expect((await start(['sh', '-c', 'kill -KILL $$']).end()).code).toBe(137);
});

test('says what is wrong when there is no command or it does not exist', async () => {
  const none = await start(['--with-nothing']).end();
  expect(none.code).toBe(1);
  expect(none.stderr).toContain('What to do: use: node docker/setup/on24.mjs');
  const unknown = await start(['no-such-command']).end();
  expect(unknown.code).toBe(127);
  expect(unknown.stderr).toContain('cannot run no-such-command');
});
