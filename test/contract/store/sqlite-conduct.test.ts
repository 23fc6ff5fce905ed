// What the embedded store does when it cannot open, when too much waits, when an item is bad, and when it closes.
import { hash } from 'node:crypto';
import { renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { INVOCATIONS } from '../../../src/adapters/sqlite/records.ts';
import { MIGRATIONS, SCHEMA_VERSION } from '../../../src/adapters/sqlite/schema.ts';
import { buildInvocation, buildRun, newRunId, patient } from '../../support/store/build-records.ts';
import { createSqliteStore, createTestFolder } from '../../support/store/open-sqlite.ts';

describe('opening', () => {
  it('refuses a store of a newer release, and leaves it alone', async () => {
    using folder = createTestFolder();
    const file = join(folder.path, 'gantry.db');
    {
      await using store = createSqliteStore(file);
      await store.open(patient());
    }
    using database = new DatabaseSync(file);
    database.prepare("UPDATE facts SET value = ? WHERE name = 'schemaVersion'").run(SCHEMA_VERSION + 1);
    await using store = createSqliteStore(file);
    await expect(store.open(patient())).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER' });
    expect(database.prepare("SELECT value FROM facts WHERE name = 'schemaVersion'").get()).toEqual({
      value: SCHEMA_VERSION + 1,
    });
  });

  it('reads what the first schema wrote, whose invocations name no transport, no reports, no retries and no items, whose events and payloads have rows of their own', async () => {
    using folder = createTestFolder();
    const file = join(folder.path, 'gantry.db');
    const invocation = buildInvocation(newRunId());
    {
      using database = new DatabaseSync(file);
      database.exec(
        `${MIGRATIONS[0] ?? ''} CREATE TABLE facts (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT`,
      );
      database.exec("INSERT INTO facts (name, value) VALUES ('schemaVersion', 1), ('pings', 0)");
      const row = INVOCATIONS.encode(invocation);
      delete row['transport'];
      delete row['reported'];
      delete row['retryAtMs'];
      delete row['item'];
      const columns = Object.keys(row).map((name) => `"${name}"`);
      database
        .prepare(`INSERT INTO invocations (${columns.join()}) VALUES (${columns.map(() => '?').join()})`)
        .run(...Object.values(row));
      const { runId } = invocation;
      for (const seq of [1, 2])
        database.prepare("INSERT INTO events VALUES (?, ?, 5, 'runQueued', 'null')").run(runId, seq);
      const [head, chunk] = [
        'INSERT INTO payloads VALUES (?, ?, ?, 2)',
        'INSERT INTO payloadChunks VALUES (?, ?, 0, ?)',
      ];
      database.prepare(head).run(runId, 'data', hash('sha256', '{}', 'hex'));
      database.prepare(chunk).run(runId, 'data', Buffer.from('{}'));
    }
    await using store = createSqliteStore(file);
    await store.open(patient());
    expect(await store.listInvocations(invocation.runId, patient())).toEqual([{ ...invocation, transport: null }]);
    const event = { runId: invocation.runId, seq: 2, atMs: 5, kind: 'runQueued', body: null };
    expect(await store.listEvents(invocation.runId, 1, 5, patient())).toEqual([event]);
    expect(await store.findPayload(invocation.runId, 'data', patient())).toBe('{}');
  });

  it('refuses a damaged file, naming the cause', async () => {
    using folder = createTestFolder();
    const file = join(folder.path, 'gantry.db');
    writeFileSync(file, 'no database at all '.repeat(1000));
    await using store = createSqliteStore(file);
    await expect(store.open(patient())).rejects.toMatchObject({
      // It is not waited for: no time mends it.
      code: 'STORE_FAILED',
      cause: { message: expect.stringContaining('not a database') as string },
    });
  });

  it.each([
    ['a folder at the place of the file', ''],
    ['a file at the place of the folder', 'plain/gantry.db'],
  ])('refuses %s', async (_title, name) => {
    using folder = createTestFolder();
    writeFileSync(join(folder.path, 'plain'), '');
    await using store = createSqliteStore(join(folder.path, name));
    await expect(store.open(patient())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(store.ping(patient())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('makes a file that only its owner can read, and finds everything in it again', async () => {
    using folder = createTestFolder();
    const file = join(folder.path, 'gantry.db');
    const run = buildRun();
    {
      await using store = createSqliteStore(file);
      await store.open(patient());
      await store.insertRun(run, patient());
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await using store = createSqliteStore(file);
    await store.open(patient());
    expect(await store.findRun(run.id, patient())).toEqual(run);
  });
});

describe('a file that is gone', () => {
  it.each(['gantry.db', 'gantry.db-wal'])('refuses writes while %s is moved away, and keeps reading', async (name) => {
    using folder = createTestFolder();
    await using store = createSqliteStore(join(folder.path, 'gantry.db'));
    await store.open(patient());
    const run = buildRun();
    await store.insertRun(run, patient());
    renameSync(join(folder.path, name), join(folder.path, 'elsewhere'));
    await expect(store.insertRun(buildRun(), patient())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(store.ping(patient())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await store.findRun(run.id, patient())).toEqual(run);
    renameSync(join(folder.path, 'elsewhere'), join(folder.path, name));
    await store.insertRun(buildRun(), patient());
  });
});

describe('waiting', () => {
  it('refuses what is over its bound at once and does the rest', async () => {
    await using store = createSqliteStore(':memory:', { bounds: { operationsMax: 5, bytesMax: 1_000_000 } });
    await store.open(patient());
    const runs = Array.from({ length: 20 }, () => buildRun());
    const results = await Promise.allSettled(runs.map((run) => store.insertRun(run, patient())));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(15);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await store.countRuns({}, patient())).toBe(5);
    const large = store.putPayload(newRunId(), 'data', 'x'.repeat(1_000_001), patient());
    await expect(large).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('never does what timed out before it was sent', async () => {
    await using store = createSqliteStore(':memory:');
    await store.open(patient());
    const run = buildRun();
    const deadline = new AbortController();
    const insert = store.insertRun(run, { signal: deadline.signal });
    deadline.abort(new Error('too late'));
    await expect(insert).rejects.toMatchObject({ code: 'STORE_TIMEOUT', cause: { message: 'too late' } });
    expect(await store.findRun(run.id, patient())).toBeNull();
  });

  it('refuses one bad item of a group and keeps the others', async () => {
    await using store = createSqliteStore(':memory:');
    await store.open(patient());
    const runId = newRunId();
    const invocations = Array.from({ length: 6 }, () => buildInvocation(runId));
    const twice = [...invocations.slice(0, 4), ...invocations.slice(0, 1), ...invocations.slice(4)];
    const results = await Promise.allSettled(twice.map((invocation) => store.insertInvocation(invocation, patient())));
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, true, false, true, true]);
    expect(results[4]).toMatchObject({ reason: { code: 'STORE_FAILED' } });
    expect(await store.listInvocations(runId, patient())).toHaveLength(6);
  });

  it('finishes what was called before it is closed, and refuses what comes later', async () => {
    using folder = createTestFolder();
    const file = join(folder.path, 'gantry.db');
    const store = createSqliteStore(file);
    await store.open(patient());
    const runs = Array.from({ length: 50 }, () => buildRun());
    const inserts = runs.map((run) => store.insertRun(run, patient()));
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    expect(await Promise.all(inserts)).toEqual(runs.map(() => ({ kind: 'inserted' })));
    await expect(store.ping(patient())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await using again = createSqliteStore(file);
    await again.open(patient());
    expect(await again.countRuns({}, patient())).toBe(50);
  });
});
