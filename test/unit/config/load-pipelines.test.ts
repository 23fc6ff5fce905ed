// Proves what a pipelines file may say, and that problems come with code and place.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import { CronerTimes } from '../../../src/adapters/croner/croner-cron.ts';
import { loadPipelines } from '../../../src/config/load-pipelines.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-pipelines-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(text: string): ReturnType<typeof loadPipelines> {
  const file = join(folder, 'pipelines.yaml');
  await writeFile(file, text);
  return await loadPipelines(file, 'pipelines.yaml', { expressions: new CelExpressions(), cron: new CronerTimes() });
}

async function problemsOf(text: string): Promise<readonly string[]> {
  try {
    await load(text);
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    return error.problems.map(({ code, line, message }) => `${String(line)} ${code} ${message}`);
  }
  return [];
}

describe('loading pipelines', () => {
  it('fills in the defaults', async () => {
    const pipelines = await load('pipelines:\n  - name: p\n    hooks: [{name: a, timeout: 2s}, {name: b}]\n');
    expect(pipelines.get('p')).toMatchObject({
      timeoutMs: 600_000,
      priority: 0,
      onMergeConflict: 'warn',
      durability: 'stored',
      params: null,
      hooks: [
        { name: 'a', timeoutMs: 2000 },
        { name: 'b', timeoutMs: null },
      ],
    });
  });

  it('gives the same version for the same definition, another for a changed one', async () => {
    const one = (await load('pipelines: [{name: p, hooks: [{name: a}]}]')).get('p')?.version;
    const same = (await load('pipelines:\n- hooks:\n  - name: a\n  name: p\n')).get('p')?.version;
    const other = (await load('pipelines: [{name: p, hooks: [{name: b}]}]')).get('p')?.version;
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it.each([
    ['pipelines: [{name: P, hooks: [{name: a}]}]', /no name/],
    ['pipelines: [{name: p, hooks: []}]', /below its least/],
    ['pipelines: [{name: p, hooks: [{name: a}, {name: a}]}]', /stands twice/],
    ['pipelines: [{name: p, hooks: [{name: a}]}, {name: p, hooks: [{name: a}]}]', /stands twice/],
    ['pipelines: [{name: p, timeout: 0s, hooks: [{name: a}]}]', /no duration/],
    ['pipelines: [{name: p, hoks: [], hooks: [{name: a}]}]', /did you mean "hooks"/],
    ['pipelines: [{name: p, params: {type: objekt}, hooks: [{name: a}]}]', /params/],
    ['pipelines: [{name: p, hooks: [{name: a, run: {pipeline: p}, retries: {max: 1}}]}]', /retries and run exclude/],
    ['', /must be/],
    ['pipelines: [{name: p, hooks: [{name: a, after: [b]}, {name: b}]}]', /a → b → a \(each follows the next\)/],
    ['pipelines: [{name: p, hooks: [{name: a, after: [a]}]}]', /a → a/],
    ['pipelines: [{name: p, hooks: [{name: fetch, after: [fech]}]}]', /"fech" is no hook of p; did you mean "fetch"/],
    ['pipelines: [{name: p, hooks: [{name: a, when: "results.a ="}]}]', /hooks\[0\]\.when is no expression/],
    ['pipelines: [{name: p, hooks: [{name: a, forEach: "data.map(x, x)"}]}]', /map\(\) is not available/],
    ['pipelines: [{name: p, hooks: [{name: a, run: {pipeline: q}}]}]', /"q" is no pipeline/],
    ['pipelines: [{name: p, hooks: [{name: a, forEach: data, run: {pipeline: p}}]}]', /exclude each other/],
    ['pipelines: [{name: p, hooks: [{name: a}], finally: [a]}]', /finally\[0\]\.name "a" stands twice/],
    ['pipelines: [{name: p, hooks: [{name: a}], triggers: [{}]}]', /neither or both/],
    ['pipelines: [{name: p, hooks: [{name: a}], triggers: [{schedule: "* * * * *", timezone: Mars}]}]', /no time zone/],
    [
      'pipelines: [{name: p, hooks: [{name: a}], triggers: [{webhook: {path: x, secret: S}, overlap: skip}]}]',
      /belongs to schedules only/,
    ],
    [
      'pipelines: [{name: p, hooks: [{name: a}], triggers: [{webhook: {path: x, secret: S}}, {webhook: {path: x, secret: S}}]}]',
      /"x" stands twice/,
    ],
    [
      'pipelines: [{name: p, hooks: [{name: a}], triggers: [{schedule: "61 * * * *"}]}]',
      /triggers\[0\]\.schedule is no schedule: Invalid value for minute: 61/,
    ],
    ['pipelines: [{name: p, hooks: [{name: a}], triggers: [{schedule: "0 0 31 2 *"}]}]', /such a time never comes/],
    ['pipelines: [{name: p, hooks: [{name: a}], triggers: [{schedule: "2027-01-01"}]}]', /five fields, or six/],
    [
      'pipelines: [{name: p, hooks: [{name: a}], triggers: [{schedule: "* * * * *", name: x}, {webhook: {path: x, secret: S}, name: x}]}]',
      /triggers\[1\]\.name another trigger of the pipeline is called "x"/,
    ],
    [
      'pipelines: [{name: p, params: {type: object, properties: {n: {type: integer}}}, hooks: [{name: a}], triggers: [{schedule: "* * * * *", params: {n: x}}]}]',
      /triggers\[0\]\.params\.n/,
    ],
    ['pipelines: [{name: p, hooks: [{name: a, retries: {mx: 1}}]}]', /did you mean "max"/],
    ['pipelines: [{name: p, hooks: [{name: a, retries: {max: 1, on: [ok]}}]}]', /retries\.on\[0\]/],
  ])('refuses %j', async (text, message) => {
    expect((await problemsOf(text)).join('\n')).toMatch(message);
  });
});
