// Retry, replay and redrive over real sockets: what the door is asked for, what is refused before it, and the lineage in the run documents.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { buildRun, patient } from '../../support/store/build-records.ts';
import { post as postTo, problemOf } from '../../support/web/api-client.ts';
import { startWeb, type TestWeb } from '../../support/web/start-web.ts';

let web: TestWeb;
beforeEach(async () => {
  web = await startWeb();
});
afterEach(async () => {
  await web[Symbol.asyncDispose]();
});

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  postTo(web.url, `/api/v1${path}`, JSON.stringify(body), headers);
const get = async (path: string): Promise<JsonObject> =>
  (await (await fetch(`${web.url}/api/v1${path}`)).json()) as JsonObject;

async function failedRun(): Promise<string> {
  const run = buildRun({ state: 'failed', finishedAtMs: 2_000 });
  await web.store.insertRun(run, patient());
  return run.id;
}

describe('new runs from ended ones', () => {
  it('are accepted like any run, with their key, and linked both ways', async () => {
    const id = await failedRun();
    const retried = await post(`/runs/${id}/retry`, {}, { 'idempotency-key': 'k' });
    expect(retried.status).toBe(202);
    const run = (await retried.json()) as { id: string };
    expect(retried.headers.get('location')).toBe(`/api/v1/runs/${run.id}`);
    expect(run).toMatchObject({ trigger: 'replay', lineage: { kind: 'retry', run: id, hook: 'sum' } });
    const replayed = (await (
      await post(`/runs/${id}/replay`, { from: 'sum', params: { a: 1 }, data: [2], pluginVersions: { sum: '1.0.0' } })
    ).json()) as {
      id: string;
    };
    expect(web.door.others).toEqual([
      ['retry', { runId: id, idempotencyKey: 'k' }],
      [
        'replay',
        { runId: id, idempotencyKey: null, from: 'sum', params: { a: 1 }, data: [2], pluginVersions: { sum: '1.0.0' } },
      ],
    ]);
    expect(await get(`/runs/${id}`)).toMatchObject({
      lineage: null,
      descendants: [
        { kind: 'replay', run: replayed.id, state: 'queued' },
        { kind: 'retry', run: run.id, state: 'queued' },
      ],
    });
    expect(await get(`/runs/${run.id}`)).toMatchObject({ isOriginRemoved: false, descendants: [] });
    const page = async (one: string): Promise<string> => await (await fetch(`${web.url}/runs/${one}`)).text();
    expect(await page(run.id)).toContain(`<dt>Retry of</dt><dd><a href="/runs/${id}">`);
    expect(await page(id)).toContain(`<a href="/runs/${replayed.id}">replay</a>`);
  });

  it('say when what they were made from was removed', async () => {
    const id = await failedRun();
    const run = (await (await post(`/runs/${id}/retry`, {})).json()) as { id: string };
    const origin = await web.store.listRuns({}, { limit: 5 }, patient());
    const removed = origin.items.find((one) => one.id === id);
    if (removed !== undefined) await web.store.retention.removeRun(removed.id, 100, patient());
    expect(await get(`/runs/${run.id}`)).toMatchObject({ isOriginRemoved: true, lineage: { run: id } });
  });

  it('show which hooks were taken over', async () => {
    const id = await failedRun();
    const hooks = [
      { hook: 'fetch', state: 'succeeded', startedAtMs: 1, finishedAtMs: 2, reusedFrom: buildRun().id } as const,
    ];
    const run = buildRun({ hooks });
    await web.store.insertRun(run, patient());
    expect(await get(`/runs/${run.id}`)).toMatchObject({ hooks: [{ reusedFrom: hooks[0]?.reusedFrom, plugins: [] }] });
    expect(await get(`/runs/${id}`)).toMatchObject({ hooks: [{ reusedFrom: null }] });
    expect(await (await fetch(`${web.url}/runs/${run.id}`)).text()).toContain('Not run again: taken over from');
  });

  it.each([
    ['/replay', { form: 'x' }, 'INPUT_INVALID'],
    ['/replay', { from: 1 }, 'INPUT_INVALID'],
    ['/replay', { params: [] }, 'INPUT_INVALID'],
    ['/replay', { pluginVersions: ['sum'] }, 'INPUT_INVALID'],
    ['/replay', { pluginVersions: { sum: '../1' } }, 'INPUT_INVALID'],
    ['/retry', { params: {} }, 'INPUT_INVALID'],
  ])('refuses %s with %j', async (path, body, code) => {
    const answer = await post(`/runs/${await failedRun()}${path}`, body);
    expect(answer.status).toBe(400);
    expect(await problemOf(answer)).toMatchObject({ code });
    expect(web.door.others).toEqual([]);
  });

  it('tell why the door refused', async () => {
    web.door.refusal = new GantryError('RUN_NOT_FINISHED', 'it runs');
    const answer = await post(`/runs/${await failedRun()}/retry`, {});
    expect([answer.status, (await problemOf(answer)).code]).toEqual([409, 'RUN_NOT_FINISHED']);
  });
});

describe('redrive', () => {
  it('takes a filter, with defaults for what is not said', async () => {
    expect(await (await post('/redrive', {})).json()).toMatchObject({ retried: 0, items: [], next: null });
    await post('/redrive', {
      ...{ pipeline: 'default', state: 'cancelled', code: 'crash', limit: 5, dryRun: true },
      ...{ since: '1970-01-01T00:00:01Z', until: '1970-01-01T02:00:02+02:00' },
    });
    expect(web.door.others.map(([, request]) => request)).toEqual([
      {
        ...{ pipeline: null, states: ['failed', 'timed_out'], code: null, sinceMs: null, untilMs: null, after: null },
        ...{ limit: 100, isDryRun: false },
      },
      {
        ...{ pipeline: 'default', states: ['cancelled'], code: 'crash', sinceMs: 1_000, untilMs: 2_000, after: null },
        ...{ limit: 5, isDryRun: true },
      },
    ]);
  });

  it.each([
    { state: 'running' },
    { limit: 0 },
    { since: 'yesterday' },
    { code: 'a b' },
    { pipeline: '$' },
    { all: true },
  ])('refuses %j', async (body) => {
    const answer = await post('/redrive', body);
    const problem = await problemOf(answer);
    expect([answer.status, problem.code]).toEqual([400, 'INPUT_INVALID']);
    expect(problem.detail).toMatch(/^\w+: (must be|is no key here; there are pipeline, state, )/);
    expect(web.door.others).toEqual([]);
  });
});
