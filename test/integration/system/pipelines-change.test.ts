// config/pipelines.yaml is edited while the program runs: a new hook is served without a restart, and a mistake changes nothing but what is told.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../../support/engine/until.ts';
import { request, runToEnd } from '../../support/gantry/api.ts';
import { startGantry } from '../../support/gantry/start-gantry.ts';
import { TemporaryFolder } from '../../support/plugins/temporary-folder.ts';

const pipelines = (...hooks: readonly string[]): string =>
  `pipelines:\n  - name: one\n    hooks: [${hooks.map((name) => `{ name: ${name} }`).join(', ')}]\n`;

const LATE = `apiVersion: gantry/v1
name: late
version: 1.0.0
hooks: [added]
pipelines: [one]
runtime: shell
command: [jq, -c, '{late: 1}']
protocol: text
`;

/** Each hook of a new run with the plugins that it called. */
async function runHooks(url: string): Promise<unknown> {
  const run = (await runToEnd(url, 'one')) as { hooks: { name: string; plugins: { plugin: string }[] }[] };
  return run.hooks.map(({ name, plugins }) => [name, ...plugins.map(({ plugin }) => plugin)]);
}

it('takes changes of the pipelines file for new runs, and keeps what was while the file has problems', async () => {
  await using plugins = await TemporaryFolder.make();
  await plugins.write({ 'late/plugin.yaml': LATE });
  await using gantry = await startGantry({ pipelines: pipelines('first'), plugins: plugins.path });
  const file = join(gantry.folder, 'pipelines.yaml');
  expect(await runHooks(gantry.url)).toEqual([['first']]);

  await writeFile(file, pipelines('first', 'added'));
  const reloaded = await gantry.cli('pipelines', 'reload');
  expect(reloaded).toMatchObject({ exitCode: 0, stdout: 'in force: one\n' });
  expect(await runHooks(gantry.url)).toEqual([['first'], ['added', 'late']]);

  await writeFile(file, pipelines('First'));
  const broken = await gantry.cli('pipelines', 'reload');
  expect(broken.exitCode).toBe(3);
  expect(broken.stderr).toMatch(/:3:\d+: .*\(PIPELINE_INVALID\)/);
  expect((await gantry.cli('pipelines', 'list')).stderr).toContain('what is in force is from before');
  expect((await request(gantry.url)).body).toContain('The pipelines from before stay in force.');
  expect(await runHooks(gantry.url)).toEqual([['first'], ['added', 'late']]);

  // Mended without a command: the program looks by itself.
  await writeFile(file, pipelines('added'));
  await until('the file is in force', async () => {
    const answer = await request(`${gantry.url}/api/v1/pipelines`);
    const { items, problems } = answer.body as { items: { hooks: { name: string }[] }[]; problems: unknown[] };
    return problems.length === 0 && items[0]?.hooks.length === 1;
  });
  expect(await runHooks(gantry.url)).toEqual([['added', 'late']]);
});
