// Whole calls of the CLI that need no server: what they print where, and with which exit code they end.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { typeCommand, type Typed } from '../../support/cli/type-command.ts';

const gantry = (...argv: string[]): Promise<Typed> =>
  typeCommand(argv, { root: folder, environment: { GANTRY_DATA: join(folder, 'data') } });

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('gantry', () => {
  it('shows its help on stdout and ends with 0', async () => {
    const end = await gantry();
    expect(end).toMatchObject({ exitCode: 0, stderr: '' });
    expect(end.stdout).toContain('gantry run <pipeline>');
    expect((await gantry('run', '--help')).stdout).toContain('--param K=V');
  });

  it.each([
    [['rnu'], 2, 'did you mean "run"?'],
    [['run'], 2, '0 given'],
    [['run', 'p', '--param', 'novalue'], 2, 'write name=value'],
    [['run', 'p', '--input', '/does/not/exist'], 2, 'no such file'],
    [['runs', 'list', '--server', 'ftp://x'], 2, 'write http://host:port'],
    [['runs', 'list', '--server', 'http://127.0.0.1:1'], 4, 'does not answer'],
    [['runs', 'list'], 3, 'system.yaml'],
    [['pipelines', 'validate'], 3, 'system.yaml'],
    [['pipelines', 'validate', '/does/not/exist.yaml'], 3, '/does/not/exist.yaml'],
  ])('ends %j with the exit code %d and says why on stderr', async (argv, exitCode, message) => {
    const end = await gantry(...argv);
    expect(end).toMatchObject({ exitCode, stdout: '' });
    expect(end.stderr).toContain(message);
    expect(end.stderr).toMatch(/^ {2}→ .+$/m);
  });

  it('refuses input that is no acceptable JSON, naming the file', async () => {
    const path = await file('input.json', '{"a":1,}');
    const end = await gantry('run', 'p', '--input', path);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toContain(path);
    expect(end.stderr).toContain('(INPUT_INVALID)');
  });

  it('tells every problem of a pipelines file with its place, and with --json as one document', async () => {
    const path = await file('bad.yaml', 'pipelines:\n  - name: Bad\n    hooks: []\n');
    const end = await gantry('pipelines', 'validate', path);
    expect(end.exitCode).toBe(3);
    expect(end.stderr).toContain('2 problem(s)');
    expect(end.stderr).toContain(`${path}:2:`);
    const json = await gantry('pipelines', 'validate', path, '--json');
    expect(json.exitCode).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'PIPELINE_INVALID', fault: 'operator' } });
  });

  it('finds nothing wrong with a good pipelines file', async () => {
    const path = await file('good.yaml', 'pipelines:\n  - name: good\n    hooks: [{ name: a }]\n');
    expect(await gantry('pipelines', 'validate', path)).toMatchObject({
      exitCode: 0,
      stdout: `${path}: 1 pipeline(s), no problems\n`,
      stderr: '',
    });
  });

  it('checks the pipelines file of the settings when none is named', async () => {
    const path = await file('other.yaml', 'pipelines:\n  - name: other\n    hooks: [{ name: a, after: [b] }]\n');
    const environment = { GANTRY_PIPELINES_FILE: path, GANTRY_CONFIG: await file('system.yaml', '') };
    const end = await typeCommand(['pipelines', 'validate'], { root: folder, environment });
    expect(end.exitCode).toBe(3);
    expect(end.stderr).toContain('"b" is no hook of other');
  });
});
