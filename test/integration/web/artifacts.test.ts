// Artifacts of a run over HTTP and by the CLI: listed, given as a download and never as a page, saved without replacing a file.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { runCli } from '../../../src/cli/run-cli.ts';
import type { Run } from '../../../src/core/run.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import { RunArtifacts } from '../../../src/pipeline/services/run-artifacts.ts';
import { StoredArtifacts } from '../../../src/pipeline/services/stored-artifacts.ts';
import { buildRun, newRunId, patient } from '../../support/store/build-records.ts';
import { problemOf } from '../../support/web/api-client.ts';
import { startWeb, type TestWeb } from '../../support/web/start-web.ts';

const ids = new SystemIds();
let web: TestWeb;
let folder: string;
beforeEach(async () => {
  web = await startWeb();
  folder = mkdtempSync(join(tmpdir(), 'gantry-saved-'));
});
afterEach(async () => {
  await web[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A run with these artifacts. @returns the address of its list */
async function runWith(
  files: Readonly<Record<string, Uint8Array>>,
  contentType = 'text/html',
  run = buildRun(),
): Promise<string> {
  await web.store.insertRun(run, patient());
  const [content, artifacts] = [new StoredArtifacts(web.store, ids), new RunArtifacts(web.store)];
  for (const [name, bytes] of Object.entries(files)) {
    const upload = await content.begin(run.id);
    await upload.write(bytes, patient());
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const place = { id: ids.newId('art'), runId: run.id, hook: 'fetch', plugin: 'numbers', name, contentType };
    const kept = await upload.finish(sha256, patient());
    const artifact: Artifact = { ...place, sizeBytes: bytes.length, sha256, content: kept, createdAtMs: 5 };
    await artifacts.put([artifact], () => null, patient());
  }
  return `${web.url}/api/v1/runs/${run.id}/artifacts`;
}

async function cli(...argv: readonly string[]): Promise<{ code: number; said: string }> {
  let said = '';
  const stream = { write: (text: string) => (said += text) };
  const streams = { stdout: stream, stderr: stream };
  const { signal: stop } = new AbortController();
  const code = await runCli({ argv: [...argv, '--server', web.url], root: folder, environment: {}, streams, stop });
  return { code, said };
}

it('says when they go, once their run has ended', async () => {
  const expiry = async (run: Run): Promise<unknown> => {
    const { items } = (await (await fetch(await runWith({ a: randomBytes(1) }, 'text/csv', run))).json()) as {
      items: { expiresAt: unknown }[];
    };
    return items[0]?.expiresAt;
  };
  expect(await expiry(buildRun())).toBeNull();
  expect(await expiry(buildRun({ state: 'failed', finishedAtMs: 1_000 }))).toBe('1970-01-03T00:00:01.000Z');
});

it('lists them by name, without where their bytes are', async () => {
  const url = await runWith({ 'b.bin': randomBytes(3), a: new Uint8Array() });
  const { items } = (await (await fetch(url)).json()) as { items: Record<string, unknown>[] };
  expect(items).toMatchObject([
    { name: 'a', sizeBytes: 0, hook: 'fetch', plugin: 'numbers', createdAt: '1970-01-01T00:00:00.005Z' },
    { name: 'b.bin', sizeBytes: 3, contentType: 'text/html' },
  ]);
  expect(items[0]).not.toHaveProperty('content');
  expect(await (await fetch(await runWith({}))).json()).toEqual({ items: [] });
});

it('gives the bytes as a download that no browser shows', async () => {
  const bytes = randomBytes(700_000);
  const response = await fetch(`${await runWith({ 'page.html': bytes })}/page.html`);
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': expect.stringMatching(/^text\/html/) as string,
    'content-disposition': 'attachment; filename="page.html"',
    'content-length': '700000',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
  });
  expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  const empty = await fetch(`${await runWith({ empty: new Uint8Array() })}/empty`);
  expect((await empty.arrayBuffer()).byteLength).toBe(0);
});

it('says what is not there', async () => {
  const url = await runWith({ a: randomBytes(1) });
  for (const name of ['b', '..%2fa', '%00', 'a'.repeat(500)]) {
    const response = await fetch(`${url}/${name}`);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  }
  const unknown = await fetch(`${web.url}/api/v1/runs/${newRunId()}/artifacts`);
  expect(await problemOf(unknown)).toMatchObject({ status: 404, code: 'RUN_NOT_FOUND' });
});

it('are listed and saved by the CLI, which replaces no file', async () => {
  const bytes = randomBytes(300_000);
  const id = (await runWith({ 'table.csv': bytes })).split('/').at(-2) ?? '';
  expect(await cli('runs', 'artifacts', id)).toMatchObject({
    code: 0,
    said: expect.stringContaining('table.csv') as string,
  });
  const file = join(folder, 'saved.csv');
  expect(await cli('runs', 'artifacts', id, '--get', 'table.csv', '--to', file)).toMatchObject({ code: 0 });
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(await cli('runs', 'artifacts', id, '--get', 'table.csv', '--to', file)).toMatchObject({ code: 2 });
  expect(await cli('runs', 'artifacts', id, '--get', '../table.csv')).toMatchObject({ code: 2 });
  expect(await cli('runs', 'artifacts', id, '--get', 'other')).toMatchObject({ code: 4 });
});
