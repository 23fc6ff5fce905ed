// MongoDB's protocol with a cut cable: no success that is none, no write twice, no waiting for ever. Runs on the stand-in through a proxy
// that breaks connections at chosen commands; two claimers go through one that makes its updates atomic.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreOptions } from '../../../src/core/ports/store.ts';
import { MongoStore } from '../../../src/adapters/mongo/mongo-store.ts';
import { SCHEMA_VERSION } from '../../../src/adapters/mongo/mongo-schema.ts';
import { connectMongo } from '../../../src/adapters/mongo/connect-mongo.ts';
import { type TestDatabase, hasFerretdb, startFerretdb } from '../../support/ferretdb/start-ferretdb.ts';
import { fillRun, putRun } from '../../support/retention/record-world.ts';
import { buildRun, freshName, newRunId, newWorkerId, patient, testClock } from '../../support/store/build-records.ts';
import { type CuttableProxy, startCuttableProxy } from '../../support/store/cuttable-proxy.ts';

const TIMEOUTS = { serverSelectionMs: 60_000, socketMs: 60_000 };
const UNAVAILABLE = { code: 'STORE_UNAVAILABLE' };

function createStore(uri: string, database: string): MongoStore {
  const silent = { events: { emit: () => undefined }, logger: { log: () => undefined } };
  return new MongoStore({ uri, database, clock: testClock, timeouts: TIMEOUTS, ...silent });
}

/** Lets the deadline pass once all has gone on that can go on without an answer: no clock decides whether the call began. */
async function expectGivenUp(call: (options: StoreOptions) => Promise<unknown>): Promise<void> {
  const deadline = new AbortController();
  const answer = call({ signal: deadline.signal });
  setImmediate(() => {
    deadline.abort(new Error('too late'));
  });
  await expect(answer).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
}

describe.skipIf(!hasFerretdb())(
  'mongo through a broken wire (not run without the stand-in, which needs a Go toolchain)',
  () => {
    const stack = new AsyncDisposableStack();
    let server: TestDatabase;
    let proxy: CuttableProxy;
    let store: MongoStore;

    beforeAll(async () => {
      server = stack.use(await startFerretdb());
      proxy = stack.use(await startCuttableProxy(server.uri));
      store = stack.use(createStore(proxy.uri, freshName('faults')));
      await store.open(patient());
    });
    afterAll(async () => {
      await stack.disposeAsync();
    });

    it('finds that an insert happened whose acknowledgement was lost, and does not repeat it', async () => {
      const run = buildRun();
      const before = proxy.passed('insert');
      proxy.cutNext('insert', 'after');
      expect(await store.insertRun(run, patient())).toEqual({ kind: 'inserted' });
      expect(proxy.passed('insert') - before).toBe(1);
      expect(await store.findRun(run.id, patient())).toEqual(run);
    });

    it('says that an insert failed that never arrived, and takes it later', async () => {
      const run = buildRun();
      proxy.cutNext('insert', 'before');
      await expect(store.insertRun(run, patient())).rejects.toMatchObject(UNAVAILABLE);
      expect(await store.findRun(run.id, patient())).toBeNull();
      expect(await store.insertRun(run, patient())).toEqual({ kind: 'inserted' });
    });

    it('finds that an update happened whose acknowledgement was lost, and does not repeat it', async () => {
      const run = buildRun({ state: 'running' });
      await store.insertRun(run, patient());
      const before = proxy.passed('update');
      proxy.cutNext('update', 'after');
      expect(await store.updateRun(run.id, { states: ['running'] }, { state: 'failed' }, patient())).toBe(true);
      expect(proxy.passed('update') - before).toBe(1);
      expect((await store.findRun(run.id, patient()))?.state).toBe('failed');
    });

    it.each(['before', 'after'] as const)(
      'finishes the removal of a run that was cut %s any of its steps, and lets nothing outlive the run',
      async (when) => {
        const pipeline = freshName('cut');
        for (let step = 0; step < 4; step += 1) {
          const runId = await putRun(store, pipeline, 40);
          await fillRun(store, runId);
          for (let cut = 0; cut < step; cut += 1) await store.retention.removeRun(runId, 4, patient());
          proxy.cutNext('delete', when);
          await expect(store.retention.removeRun(runId, 4, patient())).rejects.toMatchObject(UNAVAILABLE);
          const calls = async (): Promise<string> => (await store.retention.removeRun(runId, 4, patient())).state;
          for (let state = 'partly', left = 20; state === 'partly' && left > 0; left -= 1) state = await calls();
          expect(await store.retention.removeRun(runId, 4, patient())).toEqual({ state: 'gone', removed: 0 });
          expect(await store.listEvents(runId, 0, 9, patient())).toEqual([]);
          expect(await store.listInvocations(runId, patient())).toEqual([]);
          expect(await store.listLogs({ runId, limit: 9 }, patient())).toEqual([]);
          for (const name of ['data', 'results']) expect(await store.findPayload(runId, name, patient())).toBeNull();
        }
        expect(await store.countRuns({ pipeline }, patient())).toBe(0);
      },
    );

    it('never takes a lost answer for success when the update did not happen', async () => {
      const run = buildRun({ state: 'running' });
      await store.insertRun(run, patient());
      proxy.cutNext('update', 'before');
      const lost = store.updateRun(run.id, { states: ['running'] }, { state: 'failed' }, patient());
      await expect(lost).rejects.toMatchObject(UNAVAILABLE);
      proxy.cutNext('update', 'after');
      const stale = store.updateRun(run.id, { states: ['queued'] }, { state: 'failed' }, patient());
      await expect(stale).rejects.toMatchObject(UNAVAILABLE);
      expect(await store.findRun(run.id, patient())).toEqual(run);
    });

    it('knows what it claimed when the acknowledgement was lost', async () => {
      const pipeline = freshName('claimed');
      const run = buildRun({ pipeline });
      await store.insertRun(run, patient());
      proxy.cutNext('update', 'after');
      const request = { worker: newWorkerId(), limit: 5, nowMs: 1000, pipelines: [pipeline] };
      const claimed = await store.claimRuns(request, patient());
      expect(claimed).toEqual([{ ...run, state: 'running', worker: request.worker, epoch: 1 }]);
    });

    it('keeps the old payload or the new one, never a mixture, when the wire is cut', async () => {
      const runId = newRunId();
      const [old, young] = [JSON.stringify('o'.repeat(600_000)), JSON.stringify('y'.repeat(900_000))];
      await store.putPayload(runId, 'data', old, patient());
      proxy.cutNext('insert', 'before');
      await expect(store.putPayload(runId, 'data', young, patient())).rejects.toMatchObject(UNAVAILABLE);
      expect((await store.findPayload(runId, 'data', patient())) === old).toBe(true);
      proxy.cutNext('update', 'after');
      await store.putPayload(runId, 'data', young, patient());
      expect((await store.findPayload(runId, 'data', patient())) === young).toBe(true);
    });

    it('refuses with STORE_TIMEOUT while the server does not answer, and serves again when it does', async () => {
      const run = buildRun();
      const resume = proxy.stall();
      try {
        await expectGivenUp((options) => store.findRun(run.id, options));
        await expectGivenUp((options) => store.insertRun(run, options));
        await expectGivenUp((options) => store.updateRun(run.id, { states: ['queued'] }, { state: 'failed' }, options));
      } finally {
        resume();
      }
      // The insert was under way and comes to its end; the update still waited behind it and never happens. One more write queues
      // behind both.
      expect(await store.updateRun(run.id, { states: ['running'] }, { state: 'failed' }, patient())).toBe(false);
      expect(await store.findRun(run.id, patient())).toEqual(run);
    });

    it('gives each run to one of two claimers with connections of their own', async () => {
      await using serial = await startCuttableProxy(server.uri, { isSerial: true });
      const database = freshName('claims');
      const claimers = [createStore(serial.uri, database), createStore(serial.uri, database)];
      await using closing = new AsyncDisposableStack();
      for (const claimer of claimers) {
        closing.use(claimer);
        await claimer.open(patient());
      }
      const runs = Array.from({ length: 20 }, () => buildRun());
      for (const run of runs) await claimers[0]?.insertRun(run, patient());
      const claimAll = async (claimer: MongoStore): Promise<string[]> => {
        const request = { worker: newWorkerId(), limit: 3, nowMs: 1000, pipelines: ['default'] };
        const won: string[] = [];
        while ((await claimer.countQueued('default', 1, patient())) > 0) {
          won.push(...(await claimer.claimRuns(request, patient())).map(({ id }) => id));
        }
        return won;
      };
      const won = await Promise.all(claimers.map(claimAll));
      expect(won.flat().toSorted()).toEqual(runs.map(({ id }) => id).toSorted());
    });

    it('goes on with runs that an earlier release queued', async () => {
      const database = freshName('earlier');
      const { client } = await connectMongo(server.uri, TIMEOUTS);
      stack.defer(() => client.close());
      const runs = client.db(database).collection<{ _id: string }>('runs');
      await using earlier = createStore(server.uri, database);
      await earlier.open(patient());
      const run = buildRun();
      await earlier.insertRun(run, patient());
      await runs.updateOne({ _id: run.id }, { $set: { q: run.pipeline }, $unset: { needsPlace: '' } });
      const facts = client.db(database).collection<{ _id: string; version: number }>('facts');
      await facts.updateOne({ _id: 'schema' }, { $set: { version: 1 } });
      await using store = createStore(server.uri, database);
      await store.open(patient());
      const request = { worker: newWorkerId(), limit: 5, nowMs: 1000, pipelines: ['default'] };
      expect(await store.claimRuns(request, patient())).toMatchObject([{ id: run.id, needsPlace: false, epoch: 1 }]);
    });

    it('refuses a store of a newer release', async () => {
      const database = freshName('newer');
      const { client } = await connectMongo(server.uri, TIMEOUTS);
      stack.defer(() => client.close());
      const facts = client.db(database).collection<{ _id: string; version: number }>('facts');
      await facts.insertOne({ _id: 'schema', version: SCHEMA_VERSION + 1 });
      await using newer = createStore(server.uri, database);
      await expect(newer.open(patient())).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER' });
    });

    it('refuses a server that is not there', async () => {
      const gone = await startCuttableProxy(server.uri);
      await gone[Symbol.asyncDispose]();
      const timeouts = { serverSelectionMs: 300, socketMs: 60_000 };
      const silent = { events: { emit: () => undefined }, logger: { log: () => undefined } };
      await using missing = new MongoStore({
        uri: 'mongodb://127.0.0.1:1/',
        database: 'x',
        clock: testClock,
        timeouts,
        ...silent,
      });
      await expect(missing.open(patient())).rejects.toMatchObject(UNAVAILABLE);
      await expect(missing.ping(patient())).rejects.toMatchObject(UNAVAILABLE);
    });
  },
);
