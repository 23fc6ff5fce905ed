// The real program and real containers: a plugin fails, is mended, and the run is taken up where it failed; then it is replayed with other
// data, and what failed meanwhile is redriven. Finished hooks are not run again.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { request, runToEnd, waitFor } from '../../support/gantry/api.ts';
import { startGantry } from '../../support/gantry/start-gantry.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

const PIPELINES = `pipelines:
  - name: sums
    hooks: [{ name: first }, { name: second }]
`;

function plugin(name: string, program: string, more = ''): string {
  return `apiVersion: gantry/v1
name: ${name}
version: 1.0.0
hooks: [${name}]
pipelines: [sums]
runtime: shell
command: [jq, -c, '${program}']
protocol: text
failHard: true
${more}`;
}

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly finishedAt: string | null;
  readonly data: unknown;
  readonly failure: { readonly code: string } | null;
  readonly lineage: unknown;
  readonly descendants: readonly { readonly run: string; readonly kind: string; readonly state: string }[];
  readonly hooks: readonly { readonly reusedFrom: string | null; readonly plugins: readonly unknown[] }[];
}

it('takes up, replays and redrives runs whose plugin was mended', { timeout: 600_000 }, async () => {
  await using plugins = await TemporaryFolder.make();
  const faulty = plugin('second', 'error("broken")');
  await plugins.write({ 'first/plugin.yaml': plugin('first', '{first: (.n + 1)}'), 'second/plugin.yaml': faulty });
  await using gantry = await startGantry({ pipelines: PIPELINES, plugins: plugins.path });
  const show = async (id: string): Promise<Shown> => (await request(`${gantry.url}/api/v1/runs/${id}`)).body as Shown;
  const failed = (await runToEnd(gantry.url, 'sums', { data: { n: 1 } })) as Shown;
  const other = (await runToEnd(gantry.url, 'sums', { data: { n: 5 } })) as Shown;
  expect([failed.state, failed.failure?.code]).toEqual(['failed', 'crash']);

  await plugins.write({ 'second/plugin.yaml': plugin('second', '{second: (.first * 10)}', 'description: mended\n') });
  const retry = await gantry.cli('runs', 'retry', failed.id, '--json');
  expect(retry.exitCode).toBe(0);
  const retried = JSON.parse(retry.stdout) as Shown;
  expect(retried).toMatchObject({ state: 'succeeded', data: { n: 1, first: 2, second: 20 } });
  const taken = await show(retried.id);
  expect(taken.lineage).toEqual({ kind: 'retry', run: failed.id, hook: 'second' });
  expect(taken.hooks.map(({ reusedFrom, plugins: called }) => [reusedFrom, called.length])).toEqual([
    [failed.id, 0],
    [null, 1],
  ]);
  const original = await show(failed.id);
  expect({ ...original, descendants: [] }).toEqual({ ...failed, descendants: [] });
  expect(original.descendants).toMatchObject([{ run: retried.id, kind: 'retry', state: 'succeeded' }]);

  const input = join(gantry.folder, 'edited.json');
  await writeFile(input, '{"first": 7}');
  const replay = await gantry.cli('runs', 'replay', retried.id, '--from', 'second', '--input', input);
  expect(replay.exitCode).toBe(0);
  expect(replay.stdout).toContain(`replay of ${retried.id} from second`);
  expect(replay.stdout).toContain('"second":70');

  const planned = await gantry.cli('redrive', '--code', 'crash', '--dry-run');
  expect(planned.stdout).toContain('1 would be retried.');
  const redriven = JSON.parse((await gantry.cli('redrive', '--code', 'crash', '--json')).stdout) as {
    items: { run: string; retry: string | null; skipped: string | null }[];
  };
  expect(redriven.items.map(({ run, skipped }) => [run, skipped])).toEqual([
    [other.id, null],
    [failed.id, 'retried'],
  ]);
  const again = await waitFor(async () => {
    const run = await show(redriven.items[0]?.retry ?? '');
    return run.finishedAt === null ? null : run;
  }, 'the end of the redriven run');
  expect(again).toMatchObject({ state: 'succeeded', data: { n: 5, first: 6, second: 60 } });

  const succeeded = await gantry.cli('runs', 'retry', retried.id);
  expect(succeeded.exitCode).toBe(1);
  expect(succeeded.stderr).toContain('RUN_SUCCEEDED');
  // As it was while it was broken.
  const broken = (failed.hooks[1]?.plugins[0] as { version: string }).version;
  const backwards = await gantry.cli('runs', 'replay', retried.id, '--from', 'second', '--plugin', broken);
  expect(backwards.exitCode).toBe(1);
  expect(backwards.stdout).toContain(`replay of ${retried.id} from second with ${broken}`);
  const unknown = await gantry.cli('runs', 'replay', retried.id, '--plugin', 'second@9.0.0');
  expect(unknown.exitCode).toBe(4);
  expect(unknown.stderr).toContain('PLUGIN_VERSION_NOT_FOUND');
  expect(unknown.stderr).toContain(broken.slice('second@'.length));
  expect((await gantry.cli('gc', '--runs', '--dry-run')).stdout).toContain('0 runs, 0 log lines');
});
