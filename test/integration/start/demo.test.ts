// What `npm start` comes to: `up --demo` runs the sample pipelines, says `ready:` only when they worked, and serves the panel either way.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { request, waitFor } from '../../support/gantry/api.ts';
import { ROOT, startGantry, type Gantry } from '../../support/gantry/start-gantry.ts';

const exec = promisify(execFile);
const DEMO_MS = 900_000;
const FAILED = 'the demonstration did not work: ';

interface ListedRun {
  readonly id: string;
}

interface EndedRun {
  readonly state: string;
  readonly trigger: string;
  readonly hooks: readonly { readonly plugins: readonly { readonly result: unknown }[] }[];
}

/** What was told on stderr once the demonstration is over, however it ended. */
async function demonstrated(gantry: Gantry): Promise<string> {
  const isOver = (): boolean => /^ready: .*\n/m.test(gantry.errors()) || gantry.errors().includes(FAILED);
  await waitFor(isOver, 'the end of the demonstration', DEMO_MS);
  return gantry.errors();
}

/** The only run of the pipeline. */
async function runOf(gantry: Gantry, pipeline: string): Promise<EndedRun> {
  const answer = await request(`${gantry.url}/api/v1/runs?pipeline=${pipeline}`);
  const { items } = answer.body as { items: readonly ListedRun[] };
  expect(items).toHaveLength(1);
  return (await request(`${gantry.url}/api/v1/runs/${items[0]?.id ?? ''}`)).body as EndedRun;
}

/** A plugin for the hook of `default` that fails the run. */
async function writeFailing(plugins: string): Promise<void> {
  const folder = join(plugins, 'breaks');
  await mkdir(folder);
  const manifest =
    'name: breaks\nversion: 1.0.0\nhooks: [fetch_data]\nruntime: shell\nentry: main.sh\nfailHard: true\n';
  await writeFile(join(folder, 'plugin.yaml'), `apiVersion: gantry/v1\n${manifest}`);
  await writeFile(join(folder, 'main.sh'), 'cat >/dev/null; exit 1\n');
}

describe('npm start', () => {
  it('is the server with its demonstration', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts['start']).toMatch(/ -- node src\/main\.ts up --demo$/);
  });

  it(
    'runs the sample pipelines, with the totals that jq counts, and serves the panel',
    { timeout: DEMO_MS },
    async () => {
      await using gantry = await startGantry({ isDemo: true });
      const told = await demonstrated(gantry);
      expect(told).toContain(`ready: ${gantry.url}\n`);
      expect(told).not.toContain(FAILED);

      expect(await runOf(gantry, 'default')).toMatchObject({ state: 'succeeded', trigger: 'cli' });
      const run = await runOf(gantry, 'lockfile_report');
      expect(run).toMatchObject({ state: 'succeeded', trigger: 'cli' });
      const report = run.hooks.at(-1)?.plugins[0]?.result as { totals: unknown };
      const counts = ['-f', 'test/support/lockfile-counts.jq', 'package-lock.json'];
      expect(report.totals).toEqual(JSON.parse((await exec('jq', counts, { cwd: ROOT })).stdout));

      expect((await request(`${gantry.url}/`)).status).toBe(200);
    },
  );

  it('tells of a demonstration that did not work, and serves the panel', { timeout: DEMO_MS }, async () => {
    const plugins = await mkdtemp(join(tmpdir(), 'gantry-demo-plugins-'));
    try {
      await writeFailing(plugins);
      await using gantry = await startGantry({ isDemo: true, plugins });
      const told = await demonstrated(gantry);
      expect(told).toMatch(
        /did not work: run \S+ of default ended as failed; run \S+ of lockfile_report had no plugin for parse,/,
      );
      expect(told).not.toContain('ready:');
      expect((await request(`${gantry.url}/`)).status).toBe(200);
      expect(await gantry.end()).toBe(0);
    } finally {
      await rm(plugins, { recursive: true, force: true });
    }
  });
});
