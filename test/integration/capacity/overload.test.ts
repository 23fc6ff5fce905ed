// The real program under callers and plugins that ask too much of it: what it answers, what it starts, and that neighbours notice nothing.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postJson, request, waitFor } from '../../support/gantry/api.ts';
import { ROOT, startGantry, type Gantry } from '../../support/gantry/start-gantry.ts';

const PIPELINES = `pipelines:
  - { name: crash, hooks: [{ name: crash }] }
  - { name: work, hooks: [{ name: work }] }
  - { name: wait, hooks: [{ name: wait }] }
`;
const SYSTEM = 'runs: { maxRunning: 2, maxQueued: 3, grace: 0ms }\nsandbox: { quarantineFailures: 3, grace: 0ms }\n';

let gantry: Gantry;
beforeAll(async () => {
  const plugins = join(ROOT, 'test', 'integration', 'capacity', 'plugins');
  gantry = await startGantry({ pipelines: PIPELINES, system: SYSTEM, plugins });
});
afterAll(async () => {
  await gantry[Symbol.asyncDispose]();
});

interface Ended {
  readonly state: string;
  readonly hooks: readonly { readonly plugins: readonly { readonly outcome: Record<string, unknown> }[] }[];
}

/** How the only invocation of a run of the pipeline ended. */
async function outcomeOf(pipeline: string): Promise<Record<string, unknown>> {
  const answer = await postJson(`${gantry.url}/api/v1/pipelines/${pipeline}/runs`, {}, { prefer: 'wait=120' });
  expect(answer.status).toBe(200);
  return (answer.body as Ended).hooks[0]?.plugins[0]?.outcome ?? {};
}

async function metric(line: RegExp): Promise<number> {
  const answer = await request(new URL('/metrics', gantry.metricsUrl).href);
  return Number(line.exec(answer.body as string)?.[1] ?? Number.NaN);
}

test('a plugin that crashes at once is left alone and told, starts few containers, and its neighbour is served', async () => {
  await request(`${gantry.url}/api/v1/plugins/reload`, { method: 'POST' });
  for (let count = 0; count < 3; count += 1) expect(await outcomeOf('crash')).toMatchObject({ code: 'crash' });
  const told = await waitFor(async () => {
    const outcome = await outcomeOf('crash');
    return outcome['code'] === 'start_failed' ? outcome : null;
  }, 'the plugin to be left alone');
  expect(told['message']).toContain('left alone after 3 failures in a row');
  expect(told['retryAfterMs']).toBeGreaterThan(0);
  const list = await gantry.cli('plugins', 'list');
  expect(list.stdout).toMatch(/crasher +ready, quarantined until 20/);
  expect(list.stdout).toMatch(/steady +ready +1\.0\.0\+/);
  expect(await metric(/^gantry_plugins_quarantined (\d+)$/m)).toBe(1);
  const created = /^gantry_engine_request_seconds_count\{op="create",code="201"\} (\d+)$/m;
  const before = await metric(created);
  for (let count = 0; count < 30; count += 1) await outcomeOf('crash');
  // One probe per pause of 1, 2, 4 … s, whatever the number of invocations.
  expect((await metric(created)) - before).toBeLessThan(20);
  expect(await outcomeOf('work')).toMatchObject({ code: 'ok' });
});

test('a full queue of runs answers 429 with Retry-After to that pipeline, and takes runs of another', async () => {
  const start = async (pipeline: string): ReturnType<typeof postJson> =>
    await postJson(`${gantry.url}/api/v1/pipelines/${pipeline}/runs`, {});
  const full = await waitFor(async () => {
    const answer = await start('wait');
    return answer.status === 202 ? null : answer;
  }, 'the queue to be full');
  expect(full.status).toBe(429);
  expect(full.body).toMatchObject({ code: 'QUEUE_FULL', status: 429 });
  expect(Number(full.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect((await start('work')).status).toBe(202);
});
