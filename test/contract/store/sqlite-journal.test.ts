// Runs that are on disk as what was written of them before they have rows: whoever reads sees them, whatever happened in between.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { SCHEMA_VERSION } from '../../../src/adapters/sqlite/schema.ts';
import type { SqliteStore } from '../../../src/adapters/sqlite/sqlite-store.ts';
import type { StoreWrite } from '../../../src/core/ports/store.ts';
import type { Run } from '../../../src/core/run.ts';
import { buildInvocation, buildRun, newWorkerId, patient } from '../../support/store/build-records.ts';
import { createSqliteStore, createTestFolder } from '../../support/store/open-sqlite.ts';

const LOOK_MS = 10;

class OpenFile implements Disposable {
  readonly #folder = createTestFolder();
  readonly path = join(this.#folder.path, 'gantry.db');

  async open(options: Parameters<typeof createSqliteStore>[1] = {}): Promise<SqliteStore> {
    const store = createSqliteStore(this.path, options);
    await store.open(patient());
    return store;
  }

  /** Rows as another program finds them in the file. */
  count(table: 'runs' | 'journal'): number {
    using database = new DatabaseSync(this.path, { readOnly: true });
    return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']);
  }

  change(text: string, ...values: (string | number)[]): void {
    using database = new DatabaseSync(this.path);
    database.prepare(text).run(...values);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

const beginning = (): Run => buildRun({ state: 'running', epoch: 1, worker: newWorkerId() });

function begin(run: Run): StoreWrite[] {
  return [
    { kind: 'putPayload', runId: run.id, name: 'input', json: '{"a":1}' },
    { kind: 'insertRun', run },
    { kind: 'insertInvocation', invocation: buildInvocation(run.id) },
    { kind: 'appendEvents', events: [{ runId: run.id, seq: 1, atMs: 1, kind: 'runQueued', body: {} }] },
  ];
}

function end({ id, epoch, worker }: Run): StoreWrite[] {
  const guard = { states: ['running'], epoch, worker } as const;
  return [
    { kind: 'updateRun', id, guard, changes: { state: 'succeeded' } },
    { kind: 'appendEvents', events: [{ runId: id, seq: 2, atMs: 2, kind: 'runFinished', body: {} }] },
  ];
}

async function write(store: SqliteStore, chain: readonly StoreWrite[]): Promise<boolean | undefined> {
  return (await store.writeAll([chain], patient()))[0];
}

it('gives a run that begins its rows when somebody reads it, and all of it is there', async () => {
  using file = new OpenFile();
  await using store = await file.open();
  const run = beginning();
  expect(await write(store, begin(run))).toBe(true);
  expect([file.count('runs'), file.count('journal')]).toEqual([0, 1]);
  expect(await store.findRun(run.id, patient())).toEqual(run);
  expect([file.count('runs'), file.count('journal')]).toEqual([1, 0]);
  expect(await write(store, end(run))).toBe(true);
  expect(await store.findRun(run.id, patient())).toEqual({ ...run, state: 'succeeded' });
  expect(await store.listEvents(run.id, 0, 5, patient())).toHaveLength(2);
  expect(await store.findPayload(run.id, 'input', patient())).toBe('{"a":1}');
});

it('shows a run that has no rows yet in lists, counts and pages of invocations', async () => {
  using file = new OpenFile();
  await using store = await file.open();
  const runs = [beginning(), beginning(), beginning(), beginning()] as const;
  await store.writeAll(runs.map(begin), patient());
  expect(await store.listInvocations(runs[0].id, patient())).toHaveLength(1);
  expect(await store.updateRun(runs[1].id, { states: ['running'], epoch: 1 }, { priority: 4 }, patient())).toBe(true);
  expect(file.count('runs')).toBe(2);
  expect(await store.countRuns({ states: ['running'] }, patient())).toBe(4);
  expect((await store.listRuns({}, { limit: 9 }, patient())).items).toHaveLength(4);
});

it('judges the guards of a run that has no rows yet', async () => {
  using file = new OpenFile();
  await using store = await file.open();
  const run = beginning();
  await write(store, begin(run));
  expect(await write(store, end({ ...run, epoch: 2 }))).toBe(false);
  expect(await write(store, end({ ...run, worker: newWorkerId() }))).toBe(false);
  expect(await write(store, end(run))).toBe(true);
  expect(await write(store, end(run))).toBe(false);
  expect(await store.findRun(run.id, patient())).toEqual({ ...run, state: 'succeeded' });
  expect(await store.listEvents(run.id, 0, 5, patient())).toHaveLength(2);
});

it('writes the rows of runs that have ended by itself, and those of others when it is closed', async () => {
  using file = new OpenFile();
  const [ended, open] = [beginning(), beginning()];
  {
    await using store = await file.open();
    await store.writeAll([begin(ended), begin(open)], patient());
    await write(store, end(ended));
    await expect.poll(() => file.count('runs'), { timeout: 60_000, interval: LOOK_MS }).toBe(1);
    expect(file.count('journal')).toBe(1);
  }
  expect([file.count('runs'), file.count('journal')]).toEqual([2, 0]);
});

it('gives a run back to the queue with its rows, so that it is claimed', async () => {
  using file = new OpenFile();
  await using store = await file.open();
  const run = beginning();
  await write(store, begin(run));
  const guard = { states: ['running'], epoch: 1, worker: run.worker } as const;
  const changes = { state: 'queued', worker: null } as const;
  expect(await write(store, [{ kind: 'updateRun', id: run.id, guard, changes }])).toBe(true);
  const worker = newWorkerId();
  const claimed = await store.claimRuns({ worker, limit: 3, nowMs: 5_000, pipelines: ['default'] }, patient());
  expect(claimed).toEqual([{ ...run, epoch: 2, worker }]);
});

it('agrees with another program on the same file', async () => {
  using file = new OpenFile();
  await using one = await file.open();
  await using other = await file.open();
  const [first, second] = [beginning(), beginning()];
  await write(one, begin(first));
  expect(await other.findRun(first.id, patient())).toEqual(first);
  await write(other, begin(second));
  expect(await write(one, end(first))).toBe(true);
  expect(await write(other, end(second))).toBe(true);
  for (const store of [one, other])
    for (const run of [first, second]) expect((await store.findRun(run.id, patient()))?.state).toBe('succeeded');
  expect(await other.listEvents(first.id, 0, 5, patient())).toHaveLength(2);
});

it('keeps a run whose group has an item that is refused', async () => {
  using file = new OpenFile();
  await using store = await file.open();
  const [run, next] = [beginning(), beginning()];
  const twice = buildInvocation(run.id);
  await store.insertInvocation(twice, patient());
  const [, refused] = await Promise.allSettled([
    write(store, begin(run)),
    store.insertInvocation(twice, patient()),
    write(store, begin(next)),
  ]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FAILED' } });
  expect(await write(store, end(run))).toBe(true);
  expect(await store.findRun(run.id, patient())).toEqual({ ...run, state: 'succeeded' });
  expect(await store.findRun(next.id, patient())).toEqual(next);
});

it('completes what an earlier release left', async () => {
  using file = new OpenFile();
  await (await file.open())[Symbol.asyncDispose]();
  const run = beginning();
  const { losses, tags, durability, ...old } = run;
  const chain = begin(run).map((one) => (one.kind === 'insertRun' ? { ...one, run: old } : one));
  const add = 'INSERT INTO journal (seq, runId, schema, chain) VALUES (1, ?, ?, ?)';
  file.change(add, run.id, SCHEMA_VERSION - 1, JSON.stringify(chain));
  await using store = await file.open();
  expect(await store.findRun(run.id, patient())).toEqual({ ...old, losses, tags, durability });
});

it('leaves a run aside whose rows are refused, says so, and serves the others', async () => {
  using file = new OpenFile();
  await (await file.open())[Symbol.asyncDispose]();
  const [bad, good] = [beginning(), beginning()];
  const add = 'INSERT INTO journal (seq, runId, schema, chain) VALUES (?, ?, ?, ?)';
  const broken = begin({ ...bad, part: 'no number' as unknown as number });
  file.change(add, 1, bad.id, SCHEMA_VERSION, JSON.stringify(broken));
  file.change(add, 2, good.id, SCHEMA_VERSION, JSON.stringify(begin(good)));
  const said: unknown[] = [];
  await using store = await file.open({
    logger: { log: (level, message, fields) => said.push([level, message, fields]) },
  });
  expect((await store.listRuns({}, { limit: 9 }, patient())).items).toEqual([good]);
  expect(await store.findRun(bad.id, patient())).toBeNull();
  expect(said).toMatchObject([['error', 'the records of a run were refused by the store', { runId: bad.id }]]);
  expect(file.count('journal')).toBe(1);
});
