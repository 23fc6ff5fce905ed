// Schedules over HTTP, and where triggers show: in the list of pipelines and on the panel. And keys at the door of single plugins.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post as postTo, problemOf } from '../../support/web/api-client.ts';
import { startWeb, type TestWeb } from '../../support/web/start-web.ts';

let web: TestWeb;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web[Symbol.asyncDispose]());

const ONE = '/api/v1/schedules/default/nightly';

async function get(path: string): Promise<Response> {
  return await fetch(`${web.url}${path}`);
}

const post = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  postTo(web.url, path, null, headers);

describe('schedules', () => {
  it('are listed with the times to come, as many as are asked for', async () => {
    const { items } = (await (await get('/api/v1/schedules?count=3')).json()) as { items: { nextTimes: string[] }[] };
    expect(items).toMatchObject([
      { id: 'default/nightly', cron: '0 3 * * *', timezone: 'Europe/Paris', isPaused: false, lastRun: null },
    ]);
    expect(items[0]?.nextTimes).toHaveLength(3);
    for (const query of ['count=0', 'count=101', 'count=x', 'many=1'])
      expect(await problemOf(await get(`/api/v1/schedules?${query}`))).toMatchObject({ code: 'QUERY_INVALID' });
  });

  it('are paused and resumed, and pipelines and panel show it', async () => {
    expect(await (await post(`${ONE}/pause`, { 'gantry-trigger': 'cli' })).json()).toMatchObject({
      ...{ isPaused: true, pausedBy: 'cli', nextAt: null },
    });
    const { triggers } = (await (await get('/api/v1/pipelines/default')).json()) as { triggers: unknown[] };
    expect(triggers).toMatchObject([
      { kind: 'schedule', name: 'nightly', isPaused: true, nextAt: null },
      { kind: 'webhook', name: 'orders', path: '/hooks/shop/orders' },
    ]);
    const page = await (await get('/')).text();
    expect(page).toContain('(Europe/Paris): paused');
    expect(page).toContain('POST /hooks/shop/orders');
    expect(await (await post(`${ONE}/resume`)).json()).toMatchObject({ isPaused: false, pausedBy: null });
    expect(await (await get('/')).text()).toContain('(Europe/Paris): next at');
    expect(await (await get(ONE)).json()).toMatchObject({ isPaused: false });
  });

  it.each(['default/nothing', 'other/nightly', 'default/..%2F..', 'DEFAULT/nightly'])(
    'named %s are not found',
    async (id) => {
      for (const response of [await get(`/api/v1/schedules/${id}`), await post(`/api/v1/schedules/${id}/pause`)])
        expect(await problemOf(response)).toMatchObject({ status: 404, code: 'SCHEDULE_NOT_FOUND' });
    },
  );
});

describe('a run of one plugin', () => {
  it('is the same run for the same key', async () => {
    const headers = { 'idempotency-key': 'once' };
    const [first, again] = [
      await post('/api/v1/plugins/numbers/runs', headers),
      await post('/api/v1/plugins/numbers/runs', headers),
    ];
    expect(((await again.json()) as { id: string }).id).toBe(((await first.json()) as { id: string }).id);
    expect([first, again].map((response) => response.headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    const bad = await post('/api/v1/plugins/numbers/runs', { 'idempotency-key': 'a b' });
    expect(await problemOf(bad)).toMatchObject({ status: 400, code: 'INPUT_INVALID' });
  });
});
