// A sweep that ends anywhere leaves nothing without its run: what is interrupted after any number of removals, and what is killed amid them,
// is finished by the next sweep; no log line, event, invocation or payload outlives the run that it belongs to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import type { RunId } from '../../../src/core/ids.ts';
import type { Retention } from '../../../src/core/ports/retention.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import type { SweptStore } from '../../../src/pipeline/retention/trim-runs.ts';
import { fillRun, putRun, recordSweeper } from '../../support/retention/record-world.ts';
import { patient } from '../../support/store/build-records.ts';
import { createSqliteStore, createTestFolder } from '../../support/store/open-sqlite.ts';

const CHILD = new URL('../../support/store/sqlite-child.ts', import.meta.url).pathname;
const CHILDREN = ['logs', 'events', 'invocations', 'payloads', 'payloadChunks'];

/** Rows that belong to no run. */
function orphans(path: string): Record<string, number> {
  using database = new DatabaseSync(path, { readOnly: true });
  const count = (table: string): number =>
    Number(
      database
        .prepare(`SELECT count(*) AS n FROM ${table} WHERE runId IS NOT NULL AND runId NOT IN (SELECT id FROM runs)`)
        .get()?.['n'],
    );
  return Object.fromEntries(CHILDREN.map((table) => [table, count(table)]));
}

const NONE = Object.fromEntries(CHILDREN.map((table) => [table, 0]));

/** The store whose removal of runs fails after so many calls. */
function failingAfter(store: Store, calls: number): SweptStore {
  let left = calls;
  const inner = store.retention;
  const retention: Retention = {
    listNames: (...rest) => inner.listNames(...rest),
    listEndedRuns: (...rest) => inner.listEndedRuns(...rest),
    removePart: (...rest) => inner.removePart(...rest),
    removeLogs: (...rest) => inner.removeLogs(...rest),
    listOldVersions: (...rest) => inner.listOldVersions(...rest),
    removeVersions: (...rest) => inner.removeVersions(...rest),
    // A small part at a time, so that there are many places to be interrupted at.
    removeRun: (id, _, options) => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error('interrupted')) : inner.removeRun(id, 2, options);
    },
  };
  return {
    retention,
    countRuns: (...rest) => store.countRuns(...rest),
    listRuns: (...rest) => store.listRuns(...rest),
    listWorkers: (...rest) => store.listWorkers(...rest),
    removeWorker: (...rest) => store.removeWorker(...rest),
    findPayload: (...rest) => store.findPayload(...rest),
  };
}

/** A program that sweeps, killed when it is about to remove so many runs. */
async function killedSweep(path: string, killedAt: number): Promise<void> {
  const child = spawn(process.execPath, [CHILD, 'sweep', path, '30'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let lines = 0;
  for await (const chunk of child.stdout) {
    lines += String(chunk).split('\n').length - 1;
    if (lines >= killedAt) child.kill('SIGKILL');
  }
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
}

it('leaves nothing without its run, whichever removal is the last one', async () => {
  using folder = createTestFolder();
  const path = join(folder.path, 'gantry.db');
  await using store = createSqliteStore(path);
  await store.open(patient());
  const never = new AbortController().signal;
  let isDone = false;
  let points = 0;
  for (; !isDone && points < 60; points += 1) {
    const [old, kept] = [await putRun(store, 'a', 40), await putRun(store, 'a', 1)];
    for (const id of [old, kept]) await fillRun(store, id);
    const { sweeper } = recordSweeper(store, {}, { store: failingAfter(store, points) });
    isDone = await sweeper.sweep({ isDryRun: false }, never).then(
      () => true,
      () => false,
    );
    expect(orphans(path)).toEqual(NONE);
    const { sweeper: next } = recordSweeper(store);
    await next.sweep({ isDryRun: false }, never);
    expect(orphans(path)).toEqual(NONE);
    expect(await store.findRun(old, patient())).toBeNull();
    expect(await store.listInvocations(kept, patient())).toHaveLength(1);
  }
  expect(isDone).toBe(true);
  expect(points).toBeGreaterThan(4);
});

it('leaves nothing without its run when the program is killed amid a sweep', async () => {
  using folder = createTestFolder();
  const path = join(folder.path, 'gantry.db');
  {
    await using store = createSqliteStore(path);
    await store.open(patient());
    const ids: RunId[] = [];
    for (let count = 0; count < 120; count += 1) ids.push(await putRun(store, 'a', 40));
    await Promise.all(ids.map((id) => fillRun(store, id, 30)));
  }
  for (const killedAt of [1, 15, 29]) {
    await killedSweep(path, killedAt);
    expect(orphans(path)).toEqual(NONE);
  }
  await using store = createSqliteStore(path);
  await store.open(patient());
  const left = await store.countRuns({}, patient());
  expect(left).toBeGreaterThan(0);
  const { sweeper } = recordSweeper(store);
  expect(await sweeper.sweep({ isDryRun: false }, new AbortController().signal)).toMatchObject({ runs: left });
  expect(orphans(path)).toEqual(NONE);
  using database = new DatabaseSync(path, { readOnly: true });
  for (const table of [...CHILDREN, 'runs'])
    expect(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 });
});
