// The embedded store among processes: killed in the middle of writes, claimed from by several, and on a disk that takes no more.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { parseId } from '../../../src/core/ids.ts';
import { buildRun, freshName, newRunId, patient } from '../../support/store/build-records.ts';
import { createSqliteStore, createTestFolder } from '../../support/store/open-sqlite.ts';

const CHILD = new URL('../../support/store/sqlite-child.ts', import.meta.url).pathname;

function start(program: string, parameters: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function linesOf(program: string, parameters: readonly string[]): Promise<string[]> {
  const child = start(program, parameters);
  const exited = once(child, 'exit');
  const lines = await Array.fromAsync(createInterface(child.stdout));
  expect(await exited).toEqual([0, null]);
  return lines;
}

it('holds every acknowledged write after a kill in the middle of writing, and stays sound', async () => {
  using folder = createTestFolder();
  const file = join(folder.path, 'gantry.db');
  const child = start(process.execPath, [CHILD, 'write', file]);
  const exited = once(child, 'exit');
  const acknowledged: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    // The last line may have been cut off by the kill.
    if (parseId('run', line) !== null) acknowledged.push(line);
    if (acknowledged.length === 300) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  expect(acknowledged.length).toBeGreaterThanOrEqual(300);

  await using store = createSqliteStore(file);
  await store.open(patient());
  for (const line of acknowledged) {
    const id = parseId('run', line) ?? newRunId();
    expect((await store.findRun(id, patient()))?.state).toBe('succeeded');
    expect(await store.findPayload(id, 'data', patient())).toBe(JSON.stringify(id.repeat(200)));
  }
  const counted = await store.countRuns({}, patient());
  using database = new DatabaseSync(file, { readOnly: true });
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(database.prepare('SELECT count(*) AS count FROM runs').get()).toEqual({ count: counted });
});

it('gives each run to one of several processes that claim at once', async () => {
  using folder = createTestFolder();
  const file = join(folder.path, 'gantry.db');
  await using store = createSqliteStore(file);
  await store.open(patient());
  const pipeline = freshName('contended');
  const runs = Array.from({ length: 300 }, () => buildRun({ pipeline }));
  await Promise.all(runs.map((run) => store.insertRun(run, patient())));
  const claims = await Promise.all([1, 2, 3].map(() => linesOf(process.execPath, [CHILD, 'claim', file, pipeline])));
  expect(claims.flat().toSorted()).toEqual(runs.map(({ id }) => id).toSorted());
  const { items: claimed } = await store.listRuns({ pipeline }, { limit: runs.length }, patient());
  expect(new Set(claimed.map(({ state, epoch }) => `${state} ${epoch}`))).toEqual(new Set(['running 1']));
});

it('refuses writes on a full disk with STORE_UNAVAILABLE, keeps reading, and lets nobody wait for ever', async () => {
  using folder = createTestFolder();
  const file = join(folder.path, 'gantry.db');
  // The kernel's limit on the size of a file stands for the end of the disk: no privilege is needed.
  const script = 'ulimit -f 4096; exec "$@"';
  const [line = ''] = await linesOf('bash', ['-c', script, 'bash', process.execPath, CHILD, 'fill', file]);
  const seen = JSON.parse(line) as { code: string; group: string[]; kept: string };
  expect(seen.code).toBe('STORE_UNAVAILABLE');
  expect(seen.group[0]).toBe('STORE_UNAVAILABLE');
  expect(seen.kept).toBe('"kept"');

  await using store = createSqliteStore(file);
  await store.open(patient());
  expect(await store.insertRun(buildRun(), patient())).toEqual({ kind: 'inserted' });
});
