// Proves who may start a run by a webhook, and that one id gives one run: over the real door of runs, with the memory store.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import type { WebhookSpec } from '../../../src/core/pipeline-trigger.ts';
import { WebhookDoor } from '../../../src/triggers/webhook-door.ts';
import { checkSignature, readSignedHeaders, signingKey } from '../../../src/triggers/webhook-signature.ts';
import { makePipeline, RunWorld } from '../../support/pipeline/run-world.ts';
import { signWebhook } from '../../support/triggers/sign-webhook.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const WEBHOOK: WebhookSpec = {
  ...{ kind: 'webhook', name: 'orders', path: 'shop/orders', secret: 'ORDERS_HMAC' },
  ...{ params: { source: 'shop' }, tags: ['fast'], skipTags: [] },
};

class World {
  readonly runs = new RunWorld({ pipelines: [makePipeline({ triggers: [WEBHOOK] })] });
  readonly events: DomainEvent[] = [];
  secret: string | null = SECRET;
  readonly door = new WebhookDoor({
    clock: this.runs.clock,
    events: { emit: (event) => this.events.push(event) },
    pipelines: () => this.runs.pipelines,
    runs: this.runs.runs,
    secrets: {
      read: ([name = '']) =>
        name !== 'ORDERS_HMAC' || this.secret === null
          ? Promise.reject(new GantryError('SECRET_MISSING', name))
          : Promise.resolve(new Map([[name, this.secret]])),
    },
  });

  send(
    headers: Readonly<Record<string, string>>,
    body = '{}',
    path = 'shop/orders',
    type: string | null = 'application/json',
  ): ReturnType<WebhookDoor['receive']> {
    const all: Readonly<Record<string, string>> = type === null ? headers : { ...headers, 'content-type': type };
    return this.door.receive({
      path,
      header: (name) => all[name] ?? null,
      readBody: () => Promise.resolve(Buffer.from(body)),
      signal: new AbortController().signal,
    });
  }

  /** unix seconds */
  get now(): number {
    return Math.floor(this.runs.clock.nowMs() / 1000);
  }

  sign(
    body: string,
    changes: { readonly id?: string; readonly at?: number; readonly secret?: string } = {},
  ): Record<string, string> {
    return signWebhook({ secret: SECRET, at: this.now, body, ...changes });
  }

  results(): string[] {
    return this.events.flatMap((event) => (event.kind === 'webhookReceived' ? [event.result] : []));
  }
}

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.runs.close());

describe('a signed request', () => {
  it('starts a run with what the trigger says, and its body as data', async () => {
    const body = '{"order": 7}';
    const { run, isRepeat } = await world.send(world.sign(body, { id: 'msg_a' }), body);
    expect(isRepeat).toBe(false);
    expect(run).toMatchObject({
      ...{ pipeline: 'default', trigger: 'webhook', source: 'orders', params: { source: 'shop' }, tags: ['fast'] },
      idempotencyKey: 'webhook/orders/msg_a',
    });
    expect(await world.runs.payload(run.id, 'input')).toEqual({ order: 7 });
  });

  it('gives the same run again for the same id and body, and none for another body', async () => {
    const first = await world.send(world.sign('{"n":1}', { id: 'msg_b' }), '{"n":1}');
    const again = await world.send(world.sign('{"n":1}', { id: 'msg_b', at: world.now + 9 }), '{"n":1}');
    expect(again).toMatchObject({ isRepeat: true, run: { id: first.run.id } });
    const other = world.send(world.sign('{"n":2}', { id: 'msg_b' }), '{"n":2}');
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(world.results().slice(-3)).toEqual(['accepted', 'repeated', 'IDEMPOTENCY_CONFLICT']);
  });

  it('may carry signatures of two secrets, and such of other schemes', async () => {
    const headers = world.sign('{}', { id: 'msg_c' });
    const old = world.sign('{}', { id: 'msg_c', secret: 'an old secret' })['webhook-signature'] ?? '';
    const all = { ...headers, 'webhook-signature': `v1a,AAAA ${old} ${headers['webhook-signature'] ?? ''}` };
    expect((await world.send(all)).isRepeat).toBe(false);
  });

  it('may be of a secret that is no base64 of the scheme, which then is the key itself', async () => {
    world.secret = 'a secret in plain words';
    const headers = world.sign('{}', { id: 'msg_d', secret: 'a secret in plain words' });
    expect((await world.send(headers)).run.source).toBe('orders');
    world.secret = SECRET;
  });

  it.each([
    ['text/plain', '{}', 'CONTENT_TYPE'],
    [null, '{}', 'CONTENT_TYPE'],
    ['application/json', '{"a":', 'JSON_INVALID'],
    ['application/json', '[1, 2]', null],
    ['application/cloudevents+json; charset=utf-8', '{}', null],
    [null, '', null],
  ])('of type %s with %j gives %s', async (type, body, code) => {
    const sent = world.send(
      world.sign(body, { id: `msg_${String(type)}_${String(body.length)}`.replace(/[^\w]/g, '') }),
      body,
      'shop/orders',
      type,
    );
    if (code === null) expect((await sent).isRepeat).toBe(false);
    else await expect(sent).rejects.toMatchObject({ code });
  });
});

describe('a request that is not signed as it should be', () => {
  const refused = { code: 'WEBHOOK_REFUSED', message: 'The request is not signed as this address asks.' };

  it.each([
    ['an unknown path', 'path', {}, 'shop/nothing'],
    ['the path in other letters', 'path', {}, 'Shop/orders'],
    ['another secret', 'signature', { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }, 'shop/orders'],
    ['a time five minutes ago', 'timestamp', { at: -301 }, 'shop/orders'],
    ['a time in five minutes', 'timestamp', { at: 301 }, 'shop/orders'],
  ])('with %s is refused in the same words', async (_what, result, changes: { at?: number; secret?: string }, path) => {
    const at = world.now + (changes.at ?? 0);
    await expect(world.send(world.sign('{}', { ...changes, at }), '{}', path)).rejects.toMatchObject(refused);
    expect(world.results().at(-1)).toBe(result);
  });

  it.each([
    ['no id', { 'webhook-id': '' }],
    ['an id with a full stop', { 'webhook-id': 'a.1' }],
    ['an id with a line break', { 'webhook-id': 'a\nb' }],
    ['two ids', { 'webhook-id': 'a, b' }],
    ['an id that is too long', { 'webhook-id': 'x'.repeat(161) }],
    ['a time that is none', { 'webhook-timestamp': '1e9' }],
    ['a negative time', { 'webhook-timestamp': '-5' }],
    ['no signature', { 'webhook-signature': '' }],
    ['a truncated signature', { 'webhook-signature': 'v1,AAAA' }],
    ['a signature of another scheme', { 'webhook-signature': `v2,${'A'.repeat(43)}=` }],
  ])('with %s is refused in the same words, before its body is read', async (_what, changes) => {
    await expect(world.send({ ...world.sign('{}'), ...changes })).rejects.toMatchObject(refused);
    expect(world.results().at(-1)).toBe('headers');
  });

  it('whose body was changed is refused', async () => {
    await expect(world.send(world.sign('{"a":1}'), '{"a": 1}')).rejects.toMatchObject(refused);
  });

  it('counts no further than ten signatures', async () => {
    const headers = world.sign('{}');
    const many = [...Array.from({ length: 10 }, () => `v1,${'A'.repeat(43)}=`), headers['webhook-signature'] ?? ''];
    await expect(world.send({ ...headers, 'webhook-signature': many.join(' ') })).rejects.toMatchObject(refused);
  });
});

describe('the secret of a webhook', () => {
  it.each([null, 'whsec_not base64!'])(
    'that is %j is told to the operator, and the sender may come again',
    async (secret) => {
      world.secret = secret;
      await expect(world.send(world.sign('{}'))).rejects.toMatchObject({
        code: 'WEBHOOK_NOT_READY',
        message: 'The secret ORDERS_HMAC of this webhook is not set, or is no key.',
        retryAfterMs: 60_000,
      });
      world.secret = SECRET;
    },
  );
});

describe('the signature', () => {
  it('is the one of the published example', () => {
    const headers = readSignedHeaders(
      (name) =>
        ({
          'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
          'webhook-timestamp': '1614265330',
          'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
        })[name] ?? null,
    );
    const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    if (headers === null || key === null) throw new Error('the example is read');
    const body = Buffer.from('{"test": 2432232314}');
    expect(checkSignature(headers, body, key, 1_614_265_330_000)).toBeNull();
    expect(checkSignature(headers, body, key, 1_614_265_330_000 + 300_001)).toBe('timestamp');
    expect(checkSignature(headers, Buffer.from('{"test":2432232314}'), key, 1_614_265_330_000)).toBe('signature');
  });
});
