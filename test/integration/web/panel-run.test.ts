// The page of an ended run: what may be done with it, and what is folded away when there is too much of it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildInvocation, buildRun, patient } from '../../support/store/build-records.ts';
import { startWeb, type TestWeb } from '../../support/web/start-web.ts';

let web: TestWeb;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
});

const ENDED = { startedAtMs: 1_000, finishedAtMs: 2_000 };

async function pageOf(id: string): Promise<string> {
  return await (await fetch(`${web.url}/runs/${id}`, { headers: { accept: 'text/html' } })).text();
}

it('offers to retry a run that failed, and to run any ended one again, and leads to the new run', async () => {
  const run = buildRun({ state: 'failed', ...ENDED });
  await web.store.insertRun(run, patient());
  const html = await pageOf(run.id);
  for (const verb of ['retry', 'replay']) {
    expect(html).toContain(`action="/runs/${run.id}/${verb}"`);
    const headers = { origin: web.url, accept: 'text/html' };
    const answer = await fetch(`${web.url}/runs/${run.id}/${verb}`, { method: 'POST', headers, redirect: 'manual' });
    const location = answer.headers.get('location') ?? '';
    expect(location).toMatch(/^\/runs\/run_\w{26}$/);
    expect(location).not.toContain(run.id);
  }
  // Retries carry a key: pressed twice, it is one run.
  expect(web.door.others).toEqual([
    ['retry', { runId: run.id, idempotencyKey: `panel-retry-${run.id}` }],
    ['replay', { runId: run.id, from: null }],
  ]);
});

it('offers no retry of what succeeded, and neither while a run is open', async () => {
  const [good, open] = [buildRun({ state: 'succeeded', ...ENDED }), buildRun()];
  for (const run of [good, open]) await web.store.insertRun(run, patient());
  const [goodHtml, openHtml] = [await pageOf(good.id), await pageOf(open.id)];
  expect(goodHtml).toContain('/replay"');
  expect(goodHtml).not.toContain('/retry"');
  expect(openHtml).not.toMatch(/\/(retry|replay)"/);
});

it('folds away what is too much: warnings and invocations, with the failed ones counted', async () => {
  const place = { code: 'W', hook: null, plugin: null };
  const warnings = Array.from({ length: 8 }, (_, n) => ({ ...place, message: `warning ${String(n)}` }));
  const run = buildRun({ state: 'succeeded', ...ENDED, warnings });
  await web.store.insertRun(run, patient());
  const outcome = { code: 'crash', message: 'gone', exitCode: 3, signal: null } as const;
  for (let item = 0; item < 12; item += 1) {
    const end = item === 11 ? ({ state: 'failed', outcome } as const) : {};
    await web.store.insertInvocation(buildInvocation(run.id, { item, ...end }), patient());
  }
  const html = await pageOf(run.id);
  expect(html).toContain('3 more warnings');
  expect(html).toContain('item 11');
  expect(html).toContain('2 more invocations, 1 of them failed');
  expect(html.match(/class="invocation"/g)).toHaveLength(12);
});
