// How far a plugin says it is, in the panel and the API: while it works from what is told, at its end from the record.
import { expect, it } from 'vitest';
import { buildInvocation, buildRun, patient } from '../../support/store/build-records.ts';
import { startWeb } from '../../support/web/start-web.ts';

const HOSTILE = '<script>alert("x")</script>';

it('shows how far a plugin says it is, with a bar, and what it reported at its end', async () => {
  await using web = await startWeb();
  const page = async (path: string): Promise<{ readonly html: string }> => ({
    html: await (await fetch(`${web.url}${path}`, { headers: { accept: 'text/html' } })).text(),
  });
  const run = buildRun({ state: 'running' });
  await web.store.insertRun(run, patient());
  await web.store.insertInvocation(buildInvocation(run.id, { state: 'running', startedAtMs: 1 }), patient());
  web.progress = { done: 3, total: 10, message: HOSTILE };
  const { html } = await page(`/runs/${run.id}`);
  expect(html).toMatch(/<progress max="10" value="3"/);
  expect(html).toContain('3 of 10');
  expect(html).not.toContain(HOSTILE);
  const metrics = [{ name: 'rows', value: 7, labels: { table: HOSTILE } }];
  const reported = { progress: { done: 10, total: 10, message: null }, metrics, droppedMetrics: 0 };
  const ended = { state: 'succeeded', startedAtMs: 1, finishedAtMs: 2, reported } as const;
  await web.store.insertInvocation(buildInvocation(run.id, ended), patient());
  const after = (await page(`/runs/${run.id}`)).html;
  for (const text of ['10 of 10', 'rows', '>7<']) expect(after).toContain(text);
  expect(after).not.toContain(HOSTILE);
  const view = (await (await fetch(`${web.url}/api/v1/runs/${run.id}`)).json()) as { hooks: { plugins: object[] }[] };
  const plugins = view.hooks.flatMap((hook) => hook.plugins);
  expect(plugins).toMatchObject([{ progress: { done: 3 } }, { progress: { done: 10 }, metrics }]);
});
