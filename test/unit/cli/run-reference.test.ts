// A run by its id, by the beginning of one, or as the last.
import { expect, it } from 'vitest';
import { ApiClient } from '../../../src/cli/api-client.ts';
import { readFailureLogs } from '../../../src/cli/failure-logs.ts';
import { runIdFrom } from '../../../src/cli/run-reference.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { JsonValue } from '../../../src/core/json.ts';

const IDS = ['run_01m8axqywse5nbmp7064xsw3j4', 'run_01m8axqdazfd18vdrctxtd0zgv', 'run_01m8axpjjbes9sbx3101qgk5g8'];

/** A server with these runs, newest first. */
class Listed extends ApiClient {
  constructor() {
    super('http://127.0.0.1:1', new AbortController().signal);
  }

  override send(path: string): Promise<JsonValue> {
    const query = new URL(path, this.url).searchParams;
    const after = query.get('after');
    const items = IDS.filter((id) => after === null || id < after).slice(0, Number(query.get('limit')));
    return Promise.resolve({ items: items.map((id) => ({ id })) });
  }
}

it.each([
  [IDS[1], IDS[1]],
  ['last', IDS[0]],
  ['run_01m8axqd', IDS[1]],
  ['01m8axp', IDS[2]],
  ['no id at all', 'no id at all'],
  [undefined, ''],
])('takes %s for %s', async (text, id) => {
  expect(await runIdFrom(new Listed(), text)).toBe(id);
});

it('refuses what no run begins with, and names those that are meant when there are several', async () => {
  await expect(runIdFrom(new Listed(), '02')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  await expect(runIdFrom(new Listed(), '01m8axq')).rejects.toThrow(`${String(IDS[0])}, ${String(IDS[1])}`);
});

class Logged extends ApiClient {
  readonly asked: string[] = [];

  constructor() {
    super('http://127.0.0.1:1', new AbortController().signal);
  }

  override send(path: string): Promise<JsonValue> {
    this.asked.push(path);
    if (path.includes('plugin=gone')) return Promise.reject(new GantryError('STORE_FAILED', 'away'));
    const items = Array.from({ length: 30 }, (_, index) => ({
      invocation: index % 2 === 0 ? 'inv_bad' : 'inv_good',
      message: `line ${String(index)}`,
    }));
    return Promise.resolve({ items });
  }
}

it('reads the last lines of what failed, and shows a run also where they cannot be had', async () => {
  const api = new Logged();
  const plugins = [
    { plugin: 'p', invocation: 'inv_bad', state: 'failed' },
    { plugin: 'p', invocation: 'inv_good', state: 'succeeded' },
    { plugin: 'gone', invocation: 'inv_gone', state: 'failed' },
  ];
  const logs = await readFailureLogs(api, { id: 'run_1', hooks: [{ name: 'h', plugins }] });
  expect([...logs.keys()]).toEqual(['inv_bad']);
  expect(logs.get('inv_bad')).toHaveLength(12);
  expect(logs.get('inv_bad')?.at(-1)).toBe('line 28');
  expect(api.asked).toHaveLength(2);
});
