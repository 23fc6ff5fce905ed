// The API over real sockets with the memory store behind it: statuses, headers and documents that clients rely on.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildInvocation, buildLogLine, buildRun, patient } from '../../support/store/build-records.ts';
import { post as postTo, problemOf } from '../../support/web/api-client.ts';
import { startWeb, type TestWeb } from '../../support/web/start-web.ts';

let web: TestWeb;
beforeEach(async () => {
  web = await startWeb({ bodyBytesMax: 4096 });
});
afterEach(async () => {
  await web[Symbol.asyncDispose]();
});

const post = (path: string, body: string | null, headers: Record<string, string> = {}): Promise<Response> =>
  postTo(web.url, path, body, headers);

describe('reading runs', () => {
  it('pages through every run once, newest first', async () => {
    const runs = Array.from({ length: 5 }, () => buildRun());
    for (const run of runs) await web.store.insertRun(run, patient());
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const after: string = next === '' ? '' : `&after=${next}`;
      const page = (await (await fetch(`${web.url}/api/v1/runs?limit=2${after}`)).json()) as {
        items: { id: string }[];
        next: string | null;
      };
      seen.push(...page.items.map(({ id }) => id));
      next = page.next;
    }
    expect(seen).toEqual(runs.map(({ id }) => id).reverse());
  });

  it('filters by state and pipeline', async () => {
    const kept = buildRun({ pipeline: 'nightly', state: 'failed' });
    for (const run of [kept, buildRun({ pipeline: 'nightly' }), buildRun({ state: 'failed' })])
      await web.store.insertRun(run, patient());
    const response = await fetch(`${web.url}/api/v1/runs?state=failed,timed_out&pipeline=nightly`);
    expect(await response.json()).toMatchObject({ items: [{ id: kept.id }], next: null });
  });

  it.each([
    'state=broken',
    'limit=0',
    'limit=201',
    'limit=x',
    'after=run_1',
    'pipeline=UPPER',
    'stat=failed',
    'limit=1&limit=2',
  ])('refuses the query %s and names the parameter', async (query) => {
    const response = await fetch(`${web.url}/api/v1/runs?${query}`);
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem.code).toBe('QUERY_INVALID');
    expect(problem.errors.map(({ at }) => at)).toContain(query.split('=')[0]);
  });

  it('shows a run with its hooks, plugins, results and data', async () => {
    const run = buildRun({ state: 'succeeded', startedAtMs: 1_000, finishedAtMs: 1_400 });
    const invocation = buildInvocation(run.id, {
      state: 'succeeded',
      outcome: { code: 'ok', message: '' },
      finishedAtMs: 1_301,
      resultPayload: 'r1',
    });
    await web.store.insertRun(run, patient());
    await web.store.insertInvocation(invocation, patient());
    await web.store.putPayload(run.id, 'r1', '{"sum":3}', patient());
    await web.store.putPayload(run.id, 'data', '{"total":3}', patient());
    const view: unknown = await (await fetch(`${web.url}/api/v1/runs/${run.id}`)).json();
    expect(view).toMatchObject({
      id: run.id,
      createdAt: '1970-01-01T00:00:01.000Z',
      durationMs: 400,
      data: { total: 3 },
      hooks: [
        {
          name: 'fetch',
          plugins: [{ plugin: 'sample', outcome: { code: 'ok' }, durationMs: 300, result: { sum: 3 } }],
        },
      ],
    });
  });

  it.each(['/api/v1/runs/xyz', '/api/v1/runs/run_%00', '/api/v1/runs/inv_01h00000000000000000000000/logs'])(
    'refuses the id in %s',
    async (path) => {
      const response = await fetch(`${web.url}${path}`);
      expect(response.status).toBe(400);
      expect((await problemOf(response)).code).toBe('ID_INVALID');
    },
  );

  it('waits with the answer until the run ends when the client prefers that', async () => {
    const run = buildRun();
    await web.store.insertRun(run, patient());
    const answer = fetch(`${web.url}/api/v1/runs/${run.id}`, { headers: { prefer: 'wait=120' } });
    await web.door.end(run.id, 'succeeded');
    expect(await (await answer).json()).toMatchObject({ state: 'succeeded' });
    const open = buildRun();
    await web.store.insertRun(open, patient());
    const early = await fetch(`${web.url}/api/v1/runs/${open.id}`, { headers: { prefer: 'wait=1' } });
    expect(await early.json()).toMatchObject({ state: 'queued' });
  });

  it('reads the lines of one plugin over all runs', async () => {
    await web.store.appendLogs(
      [buildLogLine(null, 'mine', 'numbers'), buildLogLine(null, 'other', 'adder')],
      patient(),
    );
    const response = await fetch(`${web.url}/api/v1/logs?plugin=numbers`);
    expect(await response.json()).toMatchObject({ items: [{ plugin: 'numbers', message: 'mine' }] });
  });

  it('answers 404 for a run that does not exist', async () => {
    const response = await fetch(`${web.url}/api/v1/runs/${buildRun().id}`);
    expect(response.status).toBe(404);
    expect((await problemOf(response)).code).toBe('RUN_NOT_FOUND');
  });

  it('reads logs onward from where the last page ended', async () => {
    const run = buildRun();
    await web.store.insertRun(run, patient());
    const line = { runId: run.id, invocationId: null, pipeline: 'default', hook: 'fetch', plugin: 'sample', atMs: 1 };
    for (const message of ['one', 'two', 'three'])
      await web.store.appendLogs([{ ...line, level: 'info', message }], patient());
    const read = async (after: number): Promise<{ items: { message: string }[]; next: number }> =>
      (await (await fetch(`${web.url}/api/v1/runs/${run.id}/logs?after=${after}&limit=2`)).json()) as never;
    const first = await read(0);
    const second = await read(first.next);
    expect([...first.items, ...second.items].map(({ message }) => message)).toEqual(['one', 'two', 'three']);
    expect((await read(second.next)).items).toEqual([]);
  });
});

describe('cancelling', () => {
  it('answers 202 for an open run and 409 for an ended one', async () => {
    const run = buildRun();
    await web.store.insertRun(run, patient());
    expect((await post(`/api/v1/runs/${run.id}/cancel`, null)).status).toBe(202);
    const again = await post(`/api/v1/runs/${run.id}/cancel`, null);
    expect(again.status).toBe(409);
    expect((await problemOf(again)).code).toBe('RUN_FINISHED');
  });
});

describe('plugins and pipelines', () => {
  it('shows a plugin with its build log and without its settings', async () => {
    const text = await (await fetch(`${web.url}/api/v1/plugins/numbers`)).text();
    expect(JSON.parse(text)).toMatchObject({
      name: 'numbers',
      state: 'ready',
      buildLog: ['Step 1/2 : FROM base', 'Step 2/2 : COPY . /app'],
    });
    expect(text).not.toContain('inline-and-not-to-be-shown');
  });

  it('lists the versions that a plugin had, and says which have an image', async () => {
    const parts = { contentHash: 'c', imageTag: 't', manifest: {}, lastUsedAtMs: null, said: null };
    const version = { plugin: 'numbers', ...parts };
    const old = { ...version, id: 'numbers@0.9.0+0', imageId: 'sha256:01d', createdAtMs: 1, imageRemovedAtMs: 3 };
    const now = {
      ...version,
      id: 'numbers@1.0.0+0123456789ab',
      imageId: 'sha256:a',
      createdAtMs: 2,
      imageRemovedAtMs: 3,
    };
    for (const record of [old, now]) await web.store.putPluginVersion(record, patient());
    const shown: unknown = await (await fetch(`${web.url}/api/v1/plugins/numbers`)).json();
    expect(shown).toMatchObject({
      versions: [
        // It serves, so it has one, though of another build than the first.
        { id: now.id, imageId: 'sha256:feed', hasImage: true },
        { id: old.id, imageId: 'sha256:01d', hasImage: false, createdAt: '1970-01-01T00:00:00.001Z' },
      ],
    });
  });

  it.each([
    ['GET', '/api/v1/plugins/nobody', 404, 'PLUGIN_NOT_FOUND'],
    ['POST', '/api/v1/plugins/nobody/build', 404, 'PLUGIN_NOT_FOUND'],
    ['GET', '/api/v1/pipelines/nobody', 404, 'PIPELINE_NOT_FOUND'],
    ['GET', '/api/v1/plugins/..%2f..%2fetc', 404, 'PLUGIN_NOT_FOUND'],
    ['GET', '/api/v1/nothing', 404, 'NOT_FOUND'],
    ['POST', '/api/v1/plugins', 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', '/api/v1/runs', 405, 'METHOD_NOT_ALLOWED'],
  ])('answers %s %s with %i', async (method, path, status, code) => {
    const response = await fetch(`${web.url}${path}`, { method });
    expect(response.status).toBe(status);
    expect((await problemOf(response)).code).toBe(code);
    if (status === 405) expect(response.headers.get('allow')).toContain('GET');
  });

  it('builds a plugin again on demand', async () => {
    expect((await post('/api/v1/plugins/numbers/build', null)).status).toBe(200);
    expect(web.rebuilt).toEqual(['numbers']);
  });

  it('lists pipelines with the versions that serve each hook', async () => {
    const body: unknown = await (await fetch(`${web.url}/api/v1/pipelines`)).json();
    expect(body).toMatchObject({
      items: [{ name: 'default', hooks: [{ name: 'fetch', plugins: ['numbers@1.0.0+0123456789ab'] }, {}] }],
    });
  });
});

describe('health', () => {
  it('is ready while every needed component is up, and names the one that is down', async () => {
    expect((await fetch(`${web.url}/readyz`)).status).toBe(200);
    web.health = { isReady: false, components: [{ name: 'engine', isUp: false, message: 'no socket' }] };
    const response = await fetch(`${web.url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      components: [{ name: 'engine', isUp: false, message: 'no socket' }],
    });
    expect((await fetch(`${web.url}/healthz`)).status).toBe(200);
  });
});

describe('old images', () => {
  it('are told of by GET, which is a dry run, and removed by POST, with one shape of answer', async () => {
    const image = { plugin: 'numbers', sizeBytes: 2_500_000, ownBytes: 40_000, lastUsedAt: '1970-01-01T00:01:00.000Z' };
    const would = (await (await fetch(`${web.url}/api/v1/gc`)).json()) as object;
    expect(would).toMatchObject({
      isDryRun: true,
      removed: [{ ...image, imageId: 'sha256:01d', reason: 'old' }],
      kept: [{ ...image, imageId: 'sha256:feed', reason: 'serving' }],
      freedBytes: 40_000,
      diskFree: 0.5,
    });
    const done = (await (await post('/api/v1/gc', null)).json()) as object;
    expect(done).toEqual({ ...would, isDryRun: false });
  });
});

describe('old records', () => {
  it('are counted by GET, which is a dry run, and removed by POST, with one shape of answer', async () => {
    const would = (await (await fetch(`${web.url}/api/v1/gc/runs`)).json()) as object;
    expect(would).toMatchObject({
      isDryRun: true,
      pipelines: [{ pipeline: 'default', byAge: 3, byCount: 1, artifacts: 2, hasOwnRules: true }],
      runs: 4,
    });
    const done = (await (await post('/api/v1/gc/runs', null)).json()) as object;
    expect(done).toEqual({ ...would, isDryRun: false });
  });
});
