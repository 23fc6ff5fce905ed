// What `gantry redrive` sends and prints, and how a run tells its lineage.
import { expect, it } from 'vitest';
import { ApiClient, type ApiRequest } from '../../../src/cli/api-client.ts';
import { redriveCommand } from '../../../src/cli/commands/replay.ts';
import { printRun } from '../../../src/cli/print-run.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { printed } from './printed.ts';

class ScriptedApi extends ApiClient {
  readonly sent: unknown[] = [];
  readonly #answer: JsonValue;

  constructor(answer: JsonValue) {
    super('http://127.0.0.1:1', new AbortController().signal);
    this.#answer = answer;
  }

  override send(path: string, { method, body }: ApiRequest = {}): Promise<JsonValue> {
    this.sent.push([method, path, body]);
    return Promise.resolve(this.#answer);
  }
}

async function redrive(answer: JsonValue, options: Record<string, string | boolean> = {}) {
  const api = new ScriptedApi(answer);
  const { output, stdout } = printed();
  const context = { positionals: [], options, output, root: '/', environment: {}, stop: new AbortController().signal };
  const needs: string[] = [];
  const run = redriveCommand.run({
    ...context,
    withApi: (need, work) => {
      needs.push(need);
      return work(api);
    },
  });
  return { exitCode: await run, lines: stdout().trimEnd().split('\n'), sent: api.sent, needs };
}

const ITEMS = [
  { run: 'run_1', code: 'crash', retry: 'run_9', skipped: null, refusal: null },
  { run: 'run_2', code: 'crash', retry: null, skipped: 'retried', refusal: null },
  { run: 'run_3', code: 'crash', retry: null, skipped: 'refused', refusal: 'HOOKS_CHANGED' },
];

it('retries by the filter and says what became of each run', async () => {
  const options = { pipeline: 'default', code: 'crash', state: 'failed,cancelled', limit: '5' };
  const { exitCode, lines, sent, needs } = await redrive(
    { items: ITEMS, retried: 1, next: 'run_3', isStopped: false },
    options,
  );
  expect({ exitCode, needs }).toEqual({ exitCode: 0, needs: ['engine'] });
  const body = { dryRun: false, pipeline: 'default', code: 'crash', state: ['failed', 'cancelled'], limit: 5 };
  expect(sent).toEqual([['POST', '/redrive', body]]);
  expect(lines).toEqual([
    'RUN    CODE   RETRY',
    'run_1  crash  run_9',
    'run_2  crash  skipped: retried',
    'run_3  crash  refused: HOOKS_CHANGED',
    '1 retried.',
    'more: gantry redrive --after run_3 …',
  ]);
});

it('needs no engine to say what it would do', async () => {
  const planned = [{ run: 'run_1', code: 'crash', retry: null, skipped: null, refusal: null }];
  const { lines, needs } = await redrive(
    { items: planned, retried: 1, next: null, isStopped: false },
    { 'dry-run': true },
  );
  expect(needs).toEqual(['store']);
  expect(lines.slice(1)).toEqual(['run_1  crash  would be made', '1 would be retried.']);
  expect((await redrive({ items: [], retried: 0, next: null })).lines[0]).toBe('No run fits.');
  await expect(redrive({}, { limit: 'all' })).rejects.toMatchObject({ code: 'USAGE' });
});

it('shows of a run what it was made from, what was made from it, and which hooks were taken over', () => {
  const { output, stdout } = printed();
  printRun(
    {
      ...{ id: 'run_2', pipeline: 'default', state: 'failed', durationMs: 5, isOriginRemoved: true },
      lineage: {
        kind: 'retry',
        run: 'run_1',
        hook: 'sum',
        pluginVersions: { sum: 'sum@1.0.0+ab' },
        settings: { sum: 'c0ffee' },
      },
      descendants: [{ kind: 'replay', run: 'run_3', state: 'queued' }],
      hooks: [{ name: 'fetch', state: 'succeeded', durationMs: 1, reusedFrom: 'run_1', plugins: [] }],
    },
    output,
  );
  expect(stdout().split('\n').slice(1, 4)).toEqual([
    '  retry of run_1 (removed) from sum with sum@1.0.0+ab (settings c0ffee)',
    '  made from it: replay run_3  queued',
    '  ✓ fetch  succeeded  1 ms  from run_1',
  ]);
});
