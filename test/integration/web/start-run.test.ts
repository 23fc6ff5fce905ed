// The one door over HTTP: what is accepted, what is refused, and with which words.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
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

const RUNS = '/api/v1/pipelines/default/runs';

describe('starting a run', () => {
  it('answers 202 with the address of the run at once', async () => {
    const response = await post(RUNS, JSON.stringify({ params: { day: 1 }, data: [1, 2] }));
    const body = (await response.json()) as { id: string; state: string };
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`/api/v1/runs/${body.id}`);
    expect(body.state).toBe('queued');
    expect(web.door.requests).toMatchObject([
      { pipeline: 'default', trigger: 'api', params: { day: 1 }, data: [1, 2] },
    ]);
  });

  it('takes an empty body as no params and no data', async () => {
    expect((await post(RUNS, null)).status).toBe(202);
    expect(web.door.requests).toMatchObject([{ params: {}, data: {} }]);
  });

  it('answers 200 with the settled run when the client prefers to wait and it settles in time', async () => {
    web.door.endsAtOnceAs = 'succeeded';
    const response = await post(RUNS, '{}', { prefer: 'respond-async, wait=60' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ state: 'succeeded', durationMs: 1500, hooks: [{ name: 'fetch' }] });
  });

  it('answers 202 when the run does not settle within the preferred wait', async () => {
    const response = await post(RUNS, '{}', { prefer: 'wait=1' });
    expect(response.status).toBe(202);
  });

  it('hands the idempotency key on and marks a repeat', async () => {
    const first = await post(RUNS, '{}', { 'idempotency-key': 'order-1' });
    const second = await post(RUNS, '{}', { 'idempotency-key': 'order-1' });
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(web.door.requests).toHaveLength(1);
  });

  it('takes every idempotency key that a run can have', async () => {
    const response = await post(RUNS, '{}', { 'idempotency-key': 'a'.repeat(255) });
    expect(response.status).toBe(202);
  });

  it.each([
    ['not JSON', '{', {}, 400, 'JSON_INVALID'],
    ['a list', '[]', {}, 400, 'JSON_INVALID'],
    ['a forbidden key', '{"data":{"__proto__":1}}', {}, 400, 'JSON_INVALID'],
    ['nesting without end', `{"data":${'['.repeat(500)}${']'.repeat(500)}}`, {}, 400, 'JSON_INVALID'],
    ['an unknown key', '{"parms":{}}', {}, 400, 'INPUT_INVALID'],
    ['params that are no object', '{"params":[]}', {}, 400, 'INPUT_INVALID'],
    ['a bad idempotency key', '{}', { 'idempotency-key': 'a'.repeat(256) }, 400, 'INPUT_INVALID'],
    ['another content type', '{}', { 'content-type': 'text/plain' }, 415, 'CONTENT_TYPE'],
    ['a body over the limit', JSON.stringify({ data: 'x'.repeat(5000) }), {}, 413, 'BODY_TOO_LARGE'],
  ])('refuses %s', async (_title, body, headers, status, code) => {
    const response = await post(RUNS, body, headers);
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ status, code, instance: RUNS });
    expect(web.door.requests).toEqual([]);
  });

  it('refuses a body over the limit also when its length is not declared', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(3000).fill(32));
        controller.enqueue(new Uint8Array(3000).fill(32));
        controller.close();
      },
    });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' };
    expect((await fetch(`${web.url}${RUNS}`, init as RequestInit)).status).toBe(413);
  });

  it('says when to come back when the queue is full', async () => {
    web.door.refusal = new GantryError('QUEUE_FULL', 'full', { retryAfterMs: 2_500 });
    const response = await post(RUNS, '{}');
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('3');
  });

  it('keeps the text of a defect to the log', async () => {
    web.door.startRun = () => Promise.reject(new Error('a secret of the inside'));
    const problem = await problemOf(await post(RUNS, '{}'));
    expect(problem).toMatchObject({ status: 500, code: 'DEFECT' });
    expect(JSON.stringify(problem)).not.toContain('secret of the inside');
    expect(web.logger.lines.map(({ fields }) => fields['reason'])).toContain('a secret of the inside');
  });
});
