// Proves the command line as its user has it: with a server and without one, on the repository's own plugins, with the exit codes of the help.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeInstance, ROOT, runGantry, startGantry } from '../../support/gantry/start-gantry.ts';
import type { CliEnd, Gantry } from '../../support/gantry/start-gantry.ts';

const exec = promisify(execFile);
const LOCKFILE = join(ROOT, 'package-lock.json');

interface RunDocument {
  readonly id: string;
  readonly state: string;
  readonly trigger: string;
  readonly failure: { readonly code: string; readonly hook: string; readonly plugin: string } | null;
  readonly warnings: readonly { readonly code: string; readonly plugin: string | null }[];
  readonly hooks: readonly {
    readonly name: string;
    readonly state: string;
    readonly durationMs: number | null;
    readonly plugins: readonly {
      readonly plugin: string;
      readonly outcome: { readonly code: string };
      readonly durationMs: number;
      readonly result: unknown;
    }[];
  }[];
  readonly data: unknown;
}

function documentOf(end: CliEnd): RunDocument {
  return JSON.parse(end.stdout) as RunDocument;
}

const PIPELINES = `
pipelines:
  - {name: lockfile_report, hooks: [{name: parse}, {name: analyse}, {name: report}]}
  - {name: hard, hooks: [{name: breaks_hard}, {name: after}]}
  - {name: soft, hooks: [{name: breaks_soft}, {name: after}]}
  - {name: slow, hooks: [{name: sleeps}]}
  - {name: short, timeout: 2s, hooks: [{name: sleeps}]}
`;

const SHELL_PLUGINS: Readonly<
  Record<string, { readonly hook: string; readonly extra: string; readonly script: string }>
> = {
  breaks_hard: {
    hook: 'breaks_hard',
    extra: 'failHard: true',
    script: 'cat >/dev/null; echo broken on purpose >&2; exit 1',
  },
  breaks_soft: { hook: 'breaks_soft', extra: 'failHard: false', script: 'cat >/dev/null; exit 1' },
  goes_on: { hook: 'after', extra: '', script: 'cat >/dev/null; echo "{}"' },
  sleeps: { hook: 'sleeps', extra: 'failHard: true', script: 'cat >/dev/null; sleep 120; echo "{}"' },
};

async function writeShellPlugins(folder: string, names: readonly string[]): Promise<void> {
  for (const [name, { hook, extra, script }] of Object.entries(SHELL_PLUGINS)) {
    if (!names.includes(name)) continue;
    await mkdir(join(folder, name), { recursive: true });
    const manifest = `apiVersion: gantry/v1\nname: ${name}\nversion: 1.0.0\nhooks: [${hook}]\npipelines: ["*"]\nruntime: shell\nentry: main.sh\n${extra}\n`;
    await writeFile(join(folder, name, 'plugin.yaml'), manifest);
    await writeFile(join(folder, name, 'main.sh'), `${script}\n`);
  }
}

async function writePlugins(folder: string): Promise<void> {
  await writeShellPlugins(folder, Object.keys(SHELL_PLUGINS));
  for (const name of ['parse_lockfile', 'find_duplicates', 'licence_summary', 'report'])
    await cp(join(ROOT, 'plugins', name), join(folder, name), { recursive: true });
}

let plugins = '';
let gantry: Gantry;
beforeAll(async () => {
  plugins = await mkdtemp(join(tmpdir(), 'gantry-cli-plugins-'));
  await writePlugins(plugins);
  gantry = await startGantry({ pipelines: PIPELINES, plugins });
});
afterAll(async () => {
  await gantry[Symbol.asyncDispose]();
  await rm(plugins, { recursive: true, force: true });
});

describe('gantry run, with a server', () => {
  it('prints one JSON document with hooks, plugins, outcomes and durations, and exits 0', async () => {
    const end = await gantry.cli('run', 'lockfile_report', '--input', LOCKFILE, '--json');
    expect(end.stderr).not.toContain('starts one for itself');
    expect(end.exitCode).toBe(0);
    const run = documentOf(end);
    expect(run).toMatchObject({ state: 'succeeded', trigger: 'cli', failure: null });
    const plugins = run.hooks.flatMap((hook) => hook.plugins);
    expect(plugins.map(({ plugin, outcome }) => [plugin, outcome.code])).toEqual([
      ['parse_lockfile', 'ok'],
      ['find_duplicates', 'ok'],
      ['licence_summary', 'ok'],
      ['report', 'ok'],
    ]);
    for (const { durationMs } of plugins) expect(durationMs).toBeGreaterThan(0);
  });

  it('reports what jq counts in the same lock file on its own', async () => {
    const end = await gantry.cli('run', 'lockfile_report', '--input', LOCKFILE, '--json');
    const { stdout } = await exec('jq', ['-f', join(ROOT, 'test', 'support', 'lockfile-counts.jq'), LOCKFILE]);
    const result = documentOf(end).hooks.at(-1)?.plugins[0]?.result as { totals: unknown };
    expect(result.totals).toEqual(JSON.parse(stdout));
  });

  it('exits 1 when a failHard plugin fails, names the cause and does not go on', async () => {
    const end = await gantry.cli('run', 'hard', '--json');
    const run = documentOf(end);
    expect(end.exitCode).toBe(1);
    expect(run).toMatchObject({
      state: 'failed',
      failure: { code: 'plugin_error', hook: 'breaks_hard', plugin: 'breaks_hard' },
    });
    expect(run.hooks[1]).toMatchObject({ name: 'after', plugins: [] });
  });

  it('exits 0 when a plugin fails softly, goes on and says so', async () => {
    const end = await gantry.cli('run', 'soft', '--json');
    const run = documentOf(end);
    expect(end.exitCode).toBe(0);
    expect(run).toMatchObject({ state: 'succeeded', warnings: [{ code: 'plugin_error', plugin: 'breaks_soft' }] });
    expect(run.hooks[1]).toMatchObject({ state: 'succeeded' });
  });

  it('exits 10 when the pipeline is out of time', async () => {
    const end = await gantry.cli('run', 'short', '--json');
    // On a slow machine the time can be over before the plugin has its input: the run is out of time all the same.
    expect(documentOf(end)).toMatchObject({ state: 'timed_out' });
    expect(end.exitCode).toBe(10);
  });

  it('tells people the state, the cause and the warnings', async () => {
    expect((await gantry.cli('run', 'hard')).stdout).toMatch(
      /failed[^]*cause: plugin_error in breaks_hard › breaks_hard/,
    );
    expect((await gantry.cli('run', 'soft')).stdout).toMatch(/succeeded[^]*✗ {2}breaks_soft {2}plugin_error/);
  });

  it.each([
    [['run', 'nowhere'], 4, 'PIPELINE_NOT_FOUND'],
    [['run'], 2, 'USAGE'],
    [['run', 'soft', '--input', '/does/not/exist'], 2, 'INPUT_INVALID'],
    [['runs', 'show', 'run_00000000000000000000000000'], 4, 'RUN_NOT_FOUND'],
    [['plugins', 'show', 'nobody'], 4, 'PLUGIN_NOT_FOUND'],
    [['runs', 'list', '--limit', '0'], 2, 'QUERY_INVALID'],
  ])('answers %j with exit code %i and %s', async (args, exitCode, code) => {
    const end = await gantry.cli(...args, '--json');
    expect(end.exitCode).toBe(exitCode);
    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code } });
  });

  it('cancels a run and says so with exit code 0; the run is cancelled', async () => {
    const started = await fetch(`${gantry.url}/api/v1/pipelines/slow/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const { id } = (await started.json()) as { id: string };
    const end = await gantry.cli('runs', 'cancel', id, '--json');
    expect(documentOf(end)).toMatchObject({ id, state: 'cancelled' });
    expect(end.exitCode).toBe(0);
    expect((await gantry.cli('runs', 'cancel', id)).stderr).toContain('RUN_FINISHED');
  });

  it('lists plugins, pipelines, runs and logs', async () => {
    expect((await gantry.cli('plugins', 'list')).stdout).toContain('goes_on          ready');
    expect((await gantry.cli('pipelines', 'list')).stdout).toContain('parse → analyse → report');
    expect((await gantry.cli('runs', 'list', '--pipeline', 'hard')).stdout).toMatch(/run_\w+ +hard +failed/);
    expect((await gantry.cli('logs', '--plugin', 'breaks_hard')).stdout).toContain('broken on purpose');
  });

  it('calls one plugin alone', async () => {
    const end = await gantry.cli('plugins', 'invoke', 'goes_on');
    expect(end.stdout).toContain('succeeded');
    expect(end.exitCode).toBe(0);
    expect((await gantry.cli('plugins', 'invoke', 'breaks_soft')).exitCode).toBe(1);
  });
});

describe('gantry, without a server', () => {
  it('runs, shows and lists over the folder of the instance, and leaves nothing running', async () => {
    const few = await mkdtemp(join(tmpdir(), 'gantry-cli-few-'));
    await writeShellPlugins(few, ['breaks_soft', 'goes_on']);
    const instance = await makeInstance({ pipelines: PIPELINES, plugins: few });
    try {
      const ran = await runGantry(['run', 'soft', '--json'], instance.environment);
      expect(ran.exitCode).toBe(0);
      expect(ran.stderr).toContain('starts one for itself');
      const shown = await runGantry(['runs', 'show', documentOf(ran).id, '--json'], instance.environment);
      expect(documentOf(shown)).toEqual(documentOf(ran));
      expect(shown.stderr).not.toContain('starts one for itself');
      const written = await readFile(join(instance.folder, 'data', 'instance.json'), 'utf8');
      const id = (JSON.parse(written) as { instanceId: string }).instanceId;
      const { stdout } = await exec('docker', ['ps', '-aq', '--filter', `label=io.gantry.instance=${id}`]);
      expect(stdout).toBe('');
    } finally {
      for (const folder of [instance.folder, few]) await rm(folder, { recursive: true, force: true });
    }
  });

  it('says what is wrong with a configuration, exit code 3', async () => {
    const instance = await makeInstance({ system: 'web:\n  prot: 1\n' });
    try {
      const end = await runGantry(['runs', 'list'], instance.environment);
      expect(end.exitCode).toBe(3);
      expect(end.stderr).toMatch(/system\.yaml:2:3: unknown key web\.prot; did you mean "port"\?/);
    } finally {
      await rm(instance.folder, { recursive: true, force: true });
    }
  });

  it('says that no engine answers, exit code 5, and doctor says how to mend it', async () => {
    const instance = await makeInstance({ plugins, environment: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
    try {
      const end = await runGantry(['run', 'default'], instance.environment);
      expect(end.exitCode).toBe(5);
      expect(end.stderr).toContain('/nowhere/docker.sock');
      const doctor = await runGantry(['doctor', '--json'], instance.environment);
      expect(doctor.exitCode).toBe(5);
      const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; state: string }[] };
      expect(checks.find(({ name }) => name === 'engine')).toMatchObject({ state: 'failed' });
      expect(checks.find(({ name }) => name === 'store')).toMatchObject({ state: 'ok' });
    } finally {
      await rm(instance.folder, { recursive: true, force: true });
    }
  });

  it('refuses a second server on the same folder, exit code 3', async () => {
    const environment = (await makeInstance({ folder: gantry.folder, pipelines: PIPELINES, plugins })).environment;
    const end = await runGantry(['up'], environment);
    expect(end.exitCode).toBe(3);
    expect(end.stderr).toContain('INSTANCE_LOCKED');
  });

  it('checks a pipelines file', async () => {
    const end = await gantry.cli('pipelines', 'validate', '--json');
    expect(end.exitCode).toBe(0);
    const file = join(gantry.folder, 'broken.yaml');
    await writeFile(file, 'pipelines:\n  - name: p\n    hooks: []\n');
    const broken = await gantry.cli('pipelines', 'validate', file);
    expect(broken.exitCode).toBe(3);
    expect(broken.stderr).toContain(`${file}:3:12`);
  });
});
