// What `gantry gc` prints of an answer, and how it ends.
import { expect, it } from 'vitest';
import { EXAMPLE_RULES } from '../../support/web/example-plugin.ts';
import { ApiClient, type ApiRequest } from '../../../src/cli/api-client.ts';
import { gcCommand } from '../../../src/cli/commands/gc.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { printed } from './printed.ts';

class ScriptedApi extends ApiClient {
  readonly sent: (string | undefined)[] = [];
  readonly #answer: JsonValue;

  constructor(answer: JsonValue) {
    super('http://127.0.0.1:1', new AbortController().signal);
    this.#answer = answer;
  }

  override send(path: string, { method }: ApiRequest = {}): Promise<JsonValue> {
    this.sent.push(`${method ?? 'GET'} ${path}`);
    return Promise.resolve(this.#answer);
  }
}

const IMAGE = { lastUsedAt: '2026-01-01T00:00:00.000Z', sizeBytes: 112_500_000, ownBytes: 40_000 };
const OLD = { ...IMAGE, version: 'sample@1.0.0+aaaaaaaaaaaa', reason: 'old' };
const KEPT = { ...IMAGE, version: 'sample@2.0.0+bbbbbbbbbbbb', reason: 'serving' };

async function gc(answer: JsonValue, options: Record<string, boolean> = {}) {
  const api = new ScriptedApi(answer);
  const { output, stdout } = printed();
  const context = { positionals: [], options, output, root: '/', environment: {}, stop: new AbortController().signal };
  const exitCode = await gcCommand.run({ ...context, withApi: (_needs, work) => work(api) });
  return { exitCode, lines: stdout().trimEnd().split('\n'), sent: api.sent };
}

it('shows every image with its verdict and reason, and what the disk gained', async () => {
  const { exitCode, lines, sent } = await gc({ removed: [OLD], kept: [KEPT], freedBytes: 40_000 });
  expect({ exitCode, sent }).toEqual({ exitCode: 0, sent: ['POST /gc'] });
  expect(lines).toEqual([
    'IMAGE                      OWN SIZE  WHOLE SIZE  LAST USED                 VERDICT  REASON',
    'sample@1.0.0+aaaaaaaaaaaa  0.04 MB   112.50 MB   2026-01-01T00:00:00.000Z  removed  old',
    'sample@2.0.0+bbbbbbbbbbbb  0.04 MB   112.50 MB   2026-01-01T00:00:00.000Z  kept     serving',
    '1 image removed: 0.04 MB of the disk at least.',
  ]);
});

it('only asks with --dry-run, and says so', async () => {
  const { lines, sent } = await gc({ removed: [OLD, OLD], kept: [], freedBytes: 80_000 }, { 'dry-run': true });
  expect(sent).toEqual(['GET /gc']);
  expect(lines.at(-1)).toBe('2 images would be removed: 0.08 MB of the disk at least.');
  expect(lines[1]).toContain('would go');
});

it('names the most that can be gained where the engine does not say what images share', async () => {
  const { lines } = await gc({ removed: [{ ...OLD, ownBytes: null }], kept: [], freedBytes: null });
  expect(lines[1]).toContain('  –  ');
  expect(lines.at(-1)).toMatch(/^1 image removed: 112\.50 MB of the disk at most/);
});

it('says that there are none', async () => {
  expect((await gc({ removed: [], kept: [], freedBytes: 0 })).lines).toEqual([
    'There are no images of plugins.',
    '0 images removed.',
  ]);
});

it('fails when an image could not be removed', async () => {
  const failed = gc({ removed: [], kept: [{ ...OLD, reason: 'failed' }], freedBytes: 0 });
  await expect(failed).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
});

const SWEPT = {
  pipelines: [
    {
      pipeline: 'default',
      byAge: 3,
      byCount: 1,
      logLines: 0,
      artifacts: 2,
      rules: { ...EXAMPLE_RULES },
      hasOwnRules: true,
    },
  ],
  ...{ runs: 4, documents: null, logLines: 7, artifacts: 2, pipelineVersions: 2, pluginVersions: 0, isCut: true },
};

it('says which runs would go with --runs, and removes them without --dry-run', async () => {
  const asked = await gc(SWEPT, { runs: true, 'dry-run': true });
  expect(asked.sent).toEqual(['GET /gc/runs']);
  expect(asked.lines).toEqual([
    'PIPELINE  TOO OLD  TOO MANY  LOG LINES  ARTIFACTS  KEPT',
    'default   3        1         0          2          30d, 100 runs; logs 7h, artifacts 2d (its own)',
    'At least 4 runs, 7 log lines, 2 artifacts, 2 versions of pipelines, 0 versions of plugins would be removed.',
  ]);
  const done = await gc({ ...SWEPT, pipelines: [], isCut: false }, { runs: true });
  expect(done.sent).toEqual(['POST /gc/runs']);
  expect(done.lines).toEqual([
    '4 runs, 7 log lines, 2 artifacts, 2 versions of pipelines, 0 versions of plugins removed.',
  ]);
});
