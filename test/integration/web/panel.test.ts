// The pages as a browser gets them: hostile text stays text, forms lead to the page that shows the effect, nothing needs a script.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { buildInvocation, buildLogLine, buildRun, patient } from '../../support/store/build-records.ts';
import { examplePlugin, failedPlugin, readyPlugin } from '../../support/web/example-plugin.ts';
import { startWeb, type TestWeb } from '../../support/web/start-web.ts';

let web: TestWeb;
beforeEach(async () => {
  web = await startWeb();
});
afterEach(async () => {
  await web[Symbol.asyncDispose]();
});

async function page(path: string): Promise<{ readonly status: number; readonly html: string }> {
  const response = await fetch(`${web.url}${path}`, { headers: { accept: 'text/html' } });
  return { status: response.status, html: await response.text() };
}

async function submit(path: string, fields: Record<string, string> = {}): Promise<Response> {
  const headers = { origin: web.url, accept: 'text/html' };
  return await fetch(`${web.url}${path}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(fields),
    redirect: 'manual',
  });
}

const HOSTILE = '<script>alert("x")</script>';

async function hostileRun(): Promise<string> {
  const failure = { code: 'crash', message: HOSTILE, hook: 'fetch', plugin: 'sample' };
  const run = buildRun({
    state: 'failed',
    startedAtMs: 1_000,
    finishedAtMs: 3_000,
    failure,
    params: { html: HOSTILE },
  });
  const invocation = buildInvocation(run.id, {
    state: 'failed',
    outcome: { code: 'crash', message: HOSTILE, exitCode: 3, signal: null },
    finishedAtMs: 2_000,
    phases: { sandboxWaitMs: 20, sendMs: 1, runMs: 900, receiveMs: 2 },
    usage: { memoryPeakBytes: 2_097_152, cpuTimeMs: 80, outputBytes: 10, logsBytes: 5 },
    resultPayload: 'r',
    warnings: [HOSTILE],
  });
  await web.store.insertRun(run, patient());
  await web.store.insertInvocation(invocation, patient());
  await web.store.putPayload(run.id, 'r', JSON.stringify({ html: HOSTILE }), patient());
  await web.store.putPayload(run.id, 'data', JSON.stringify([HOSTILE]), patient());
  await web.store.appendLogs([buildLogLine(run.id, HOSTILE)], patient());
  return run.id;
}

describe('the dashboard', () => {
  it('tells the next command when there is nothing yet', async () => {
    const { status, html } = await page('/');
    expect(status).toBe(200);
    expect(html).toContain('<code>gantry run default</code>');
  });

  it('shows health, sandboxes, open runs, failures and broken plugins', async () => {
    web.plugins = [readyPlugin('numbers', 'fetch'), failedPlugin('greedy')];
    web.health = { isReady: false, components: [{ name: 'engine', isUp: false, message: 'no socket' }] };
    const failed = await hostileRun();
    const open = buildRun({ state: 'running' });
    await web.store.insertRun(open, patient());
    const { html } = await page('/');
    for (const text of ['Not ready', 'no socket', 'Running now', open.id, 'Recent failures', failed, '/plugins/greedy'])
      expect(html).toContain(text);
  });

  it('stands while the store is down, and says so', async () => {
    web.store.failNext('listRuns', new GantryError('STORE_UNAVAILABLE', 'the disk is full'));
    const { status, html } = await page('/');
    expect(status).toBe(200);
    expect(html).toContain('the disk is full');
  });
});

describe('the page of a run', () => {
  it('shows cause, evidence, use, result and logs', async () => {
    const { html } = await page(`/runs/${await hostileRun()}`);
    for (const text of ['exit code 3', '2 MiB', 'Where the time went', 'class="p-run"', 'Result', 'l-info'])
      expect(html).toContain(text);
  });

  it('offers to cancel only while the run is open', async () => {
    const open = buildRun();
    await web.store.insertRun(open, patient());
    expect((await page(`/runs/${open.id}`)).html).toContain(`action="/runs/${open.id}/cancel"`);
    expect((await page(`/runs/${await hostileRun()}`)).html).not.toContain('/cancel"');
  });

  it('says how the sandbox was had, and what was known of it', async () => {
    const run = buildRun();
    await web.store.insertRun(run, patient());
    const had = { sandboxKind: 'warm', cleanliness: 'reused-clean', transport: 'fifo' } as const;
    await web.store.insertInvocation(buildInvocation(run.id, had), patient());
    expect((await page(`/runs/${run.id}`)).html).toContain('warm, reused-clean, by fifo');
  });

  it('is a page, not a document, when there is no such run', async () => {
    const { status, html } = await page(`/runs/${buildRun().id}`);
    expect(status).toBe(404);
    expect(html).toContain('RUN_NOT_FOUND');
  });
});

describe('the page of a plugin', () => {
  it('says that it is left alone because it kept crashing, until when and why; so do the list and the API', async () => {
    const { id } = examplePlugin('numbers', 'fetch');
    web.quarantined = [{ version: id, cause: HOSTILE, untilMs: 1_000 }];
    for (const path of ['/plugins/numbers', '/plugins']) {
      const { html } = await page(path);
      expect(html).toContain('is-quarantined');
      expect(html).toContain('1970-01-01T00:00:01.000Z');
      expect(html).not.toContain(HOSTILE);
    }
    const { items } = (await (await fetch(`${web.url}/api/v1/plugins`)).json()) as { items: unknown[] };
    expect(items).toMatchObject([
      { name: 'numbers', quarantine: { until: '1970-01-01T00:00:01.000Z', cause: HOSTILE } },
      { name: 'adder', quarantine: null },
    ]);
  });

  it('says whether its sandboxes are reused, and for how long', async () => {
    const version = examplePlugin('numbers', 'fetch');
    const warm = { ...version, plugin: { ...version.plugin, protocol: 'stream', reuse: 'warm' } as const };
    const show = async (shown: typeof version): Promise<string> => {
      web.plugins = [{ state: 'ready', name: 'numbers', folder: 'plugins/numbers', version: shown }];
      return (await page('/plugins/numbers')).html;
    };
    const html = await show(warm);
    for (const text of ['<dd>stream</dd>', '<dd>warm</dd>', '1000 invocations or 1 h']) expect(html).toContain(text);
    expect(await show(version)).not.toContain('Replaced after');
  });
});

describe('the list of runs', () => {
  it('filters by the address, and takes the empty fields of its form as no filter', async () => {
    const kept = buildRun({ state: 'failed' });
    const other = buildRun();
    for (const run of [kept, other]) await web.store.insertRun(run, patient());
    const { html } = await page('/runs?state=failed&pipeline=');
    expect(html).toContain(kept.id);
    expect(html).not.toContain(other.id);
  });

  it('leads to older runs', async () => {
    const runs = Array.from({ length: 51 }, () => buildRun());
    for (const run of runs) await web.store.insertRun(run, patient());
    const { html } = await page('/runs');
    const older = /<a href="(\/runs\?after=[^"]+)" rel="next">/.exec(html)?.[1] ?? '';
    expect((await page(older)).html).toContain(runs[0]?.id ?? '');
  });
});

describe('forms', () => {
  it('start a run and lead to its page', async () => {
    const response = await submit('/pipelines/default/runs', { params: '{"day": 1}', data: '[1]' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toMatch(/^\/runs\/run_/);
    expect(web.door.requests).toMatchObject([{ params: { day: 1 }, data: [1] }]);
  });

  it('say what is wrong with their JSON', async () => {
    const response = await submit('/pipelines/default/runs', { params: '{' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('INPUT_INVALID');
  });

  it('cancel a run, also one that ended in between', async () => {
    const run = buildRun();
    await web.store.insertRun(run, patient());
    const locations = [await submit(`/runs/${run.id}/cancel`), await submit(`/runs/${run.id}/cancel`)].map(
      ({ headers }) => headers.get('location'),
    );
    expect(locations).toEqual([`/runs/${run.id}`, `/runs/${run.id}`]);
    expect((await web.store.findRun(run.id, patient()))?.state).toBe('cancelled');
  });

  it('build a plugin without waiting for it', async () => {
    expect((await submit('/plugins/numbers/build')).headers.get('location')).toBe('/plugins/numbers');
    expect(web.rebuilt).toEqual(['numbers']);
  });

  it('of a foreign page change nothing', async () => {
    const run = buildRun();
    await web.store.insertRun(run, patient());
    const response = await fetch(`${web.url}/runs/${run.id}/cancel`, {
      method: 'POST',
      headers: { origin: 'http://evil.example' },
    });
    expect(response.status).toBe(403);
    expect((await web.store.findRun(run.id, patient()))?.state).toBe('queued');
  });
});

describe('every page', () => {
  it('keeps hostile text as text and has no inline script, style or handler', async () => {
    web.plugins = [readyPlugin('numbers', 'fetch'), failedPlugin('greedy')];
    const run = await hostileRun();
    for (const path of [
      '/',
      '/runs',
      `/runs/${run}`,
      '/plugins',
      '/plugins/numbers',
      '/plugins/greedy',
      `/${HOSTILE}`,
    ]) {
      const { html } = await page(path);
      expect(html, path).not.toContain(HOSTILE);
      expect(html, path).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i);
      expect(html, path).toContain('<main id="main"');
    }
  });

  it('gets its own files, and 304 when they did not change', async () => {
    for (const name of ['panel.css', 'live.js', 'icon.svg']) {
      const first = await fetch(`${web.url}/assets/${name}`);
      const etag = first.headers.get('etag') ?? '';
      expect((await first.text()).length).toBeGreaterThan(100);
      const second = await fetch(`${web.url}/assets/${name}`, { headers: { 'if-none-match': etag } });
      expect(second.status).toBe(304);
    }
    expect((await fetch(`${web.url}/assets/..%2frender-view.ts`)).status).toBe(404);
  });
});
