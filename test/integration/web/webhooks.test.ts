// Requests to webhooks as strangers send them: over the wire, before and after the signature.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { signWebhook } from '../../support/triggers/sign-webhook.ts';
import { rawRequest, startWeb, type RawAnswer, type TestWeb } from '../../support/web/start-web.ts';

const SECRET = 'whsec_c2VjcmV0LW9mLXRoZS1zaG9w';
const PATH = '/hooks/shop/orders';
const MIB = 1024 * 1024;

let web: TestWeb;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web[Symbol.asyncDispose]());

async function send(
  headers: Record<string, string>,
  { path = PATH, body = '{}', method = 'POST' }: { path?: string; body?: string; method?: string } = {},
): Promise<RawAnswer> {
  const all = { host: 'localhost', 'content-type': 'application/json', ...headers };
  return await rawRequest(web.port, path, { method, headers: all, ...(method === 'GET' ? {} : { body }) });
}

/** All that a stranger can tell two answers apart by, without the path and the time. */
function seen({ status, headers, body }: RawAnswer, path: string): object {
  const told = { ...headers, date: null, 'content-length': null };
  return { status, told, body: body.replaceAll(path, '/hooks/…') };
}

describe('a signed request', () => {
  it('is answered with 202 and nothing but the id, and the same again when it is sent again', async () => {
    const headers = signWebhook({ secret: SECRET, id: 'msg_first' });
    const first = await send(headers);
    const { id } = JSON.parse(first.body) as { id: string };
    expect(first.status).toBe(202);
    expect(Object.keys(JSON.parse(first.body) as object)).toEqual(['id']);
    expect(web.door.requests.at(-1)).toMatchObject({
      ...{ pipeline: 'default', trigger: 'webhook', source: 'orders', params: { source: 'shop' }, skipTags: ['slow'] },
      idempotencyKey: 'webhook/orders/msg_first',
    });
    const again = await send(headers);
    expect(again).toMatchObject({ status: 202, body: `{"id":"${id}"}\n` });
    expect(again.headers['idempotent-replayed']).toBe('true');
  });

  it.each(['QUEUE_FULL', 'DRAINING', 'BUSY'] as const)('may come again when the door says %s', async (code) => {
    web.door.refusal = new GantryError(code, 'not now', { retryAfterMs: 2_500 });
    const answer = await send(signWebhook({ secret: SECRET, id: `msg_${code}` }));
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('3');
    expect(JSON.parse(answer.body)).toMatchObject({ code, status: 503 });
  });

  it('may come again when the operator has set the secret, and names it to nobody but its signer’s address', async () => {
    web.secrets.delete('ORDERS_HMAC');
    const answer = await send(signWebhook({ secret: SECRET }));
    web.secrets.set('ORDERS_HMAC', SECRET);
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('60');
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'WEBHOOK_NOT_READY' });
    expect(answer.body).not.toContain(SECRET);
  });

  it.each([
    ['text', { 'content-type': 'text/plain' }, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ])('of %s is refused', async (_what, headers, status) => {
    expect((await send({ ...signWebhook({ secret: SECRET, id: 'msg_type' }), ...headers })).status).toBe(status);
  });

  it('of hostile JSON is refused as any', async () => {
    for (const [index, body] of ['{"__proto__": {"a": 1}}', '['.repeat(100) + ']'.repeat(100), '\u0000'].entries()) {
      const headers = signWebhook({ secret: SECRET, id: `msg_json_${String(index)}`, body });
      expect((await send(headers, { body })).status).toBe(400);
    }
  });
});

describe('what a stranger sees', () => {
  it('is the same for every path and every fault of the signature', async () => {
    const now = Math.floor(Date.now() / 1000);
    const right = signWebhook({ secret: SECRET, id: 'msg_right' });
    const answers: object[] = [];
    for (const path of [
      PATH,
      '/hooks/shop',
      '/hooks/nothing/here',
      `${PATH}/`,
      '/hooks/shop%2Forders',
      '/hooks/SHOP/orders',
    ])
      answers.push(seen(await send(signWebhook({ secret: 'whsec_AAAAAAAAAAAA' }), { path }), path));
    for (const headers of [
      signWebhook({ secret: SECRET, at: now - 1_000 }),
      signWebhook({ secret: SECRET, at: now + 1_000 }),
      signWebhook({ secret: SECRET, body: '{"other": 1}' }),
      { ...right, 'webhook-id': 'msg_other' },
      { ...right, 'webhook-signature': (right['webhook-signature'] ?? '').slice(0, -10) },
      { ...right, 'webhook-signature': (right['webhook-signature'] ?? '').replace('v1,', 'v2,') },
      { ...right, 'webhook-timestamp': 'now' },
      {},
    ])
      answers.push(seen(await send(headers), PATH));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401 });
  });

  it('is the refusal of a body over a mebibyte, whether there is a webhook or not', async () => {
    const body = `"${'x'.repeat(MIB)}"`;
    for (const path of [PATH, '/hooks/nothing']) {
      const answer = await send(signWebhook({ secret: SECRET, id: 'msg_big', body }), { path, body });
      expect(answer.status).toBe(413);
    }
    expect(web.door.requests.some(({ idempotencyKey }) => idempotencyKey === 'webhook/orders/msg_big')).toBe(false);
  });

  it('is 405 for other methods, wherever below /hooks/', async () => {
    for (const path of [PATH, '/hooks/nothing']) expect((await send({}, { path, method: 'GET' })).status).toBe(405);
  });
});

describe('headers that are sent twice', () => {
  /** As bytes: no client would write such a request. */
  async function sendRaw(extra: readonly string[]): Promise<string> {
    const signed = Object.entries(signWebhook({ secret: SECRET, id: 'msg_twice' }));
    const lines = ['host: localhost', 'content-type: application/json', 'content-length: 2', 'connection: close'];
    const socket = connect(web.port, '127.0.0.1');
    const all = [...lines, ...signed.map(([name, value]) => `${name}: ${value}`), ...extra];
    socket.end(`POST ${PATH} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n{}`);
    return (await text(socket)).split('\r\n')[0] ?? '';
  }

  it('are none: one id, one time', async () => {
    expect(await sendRaw(['webhook-id: msg_other'])).toContain(' 401 ');
    expect(await sendRaw(['webhook-timestamp: 1'])).toContain(' 401 ');
  });

  it('cannot be smuggled in by a line within a value', async () => {
    expect(await sendRaw(['x-note: a\nwebhook-id: b'])).toMatch(/ 40[01] /);
    expect(await sendRaw([])).toContain(' 202 ');
  });
});
