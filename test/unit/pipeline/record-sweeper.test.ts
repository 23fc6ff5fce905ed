// Which records go: by age, by count, never what has not ended; told as counts, and once more by the next sweep where the store failed.
import { expect, it } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { belongingsOf, fillRun, putRun, recordSweeper } from '../../support/retention/record-world.ts';
import { buildLogLine, buildRun, patient, testClock } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

const SWEEP = { isDryRun: false };
const never = new AbortController().signal;

async function idsOf(store: Store, pipeline: string): Promise<readonly RunId[]> {
  return (await store.listRuns({ pipeline }, { limit: 100 }, patient())).items.map(({ id }) => id).toReversed();
}

it('removes runs that ended too long ago, whatever their state, and no others', async () => {
  const store = new MemoryStore();
  for (const state of ['succeeded', 'failed', 'cancelled', 'timed_out'] as const) await putRun(store, 'a', 31, state);
  const open = [];
  for (const state of ['queued', 'running', 'waiting'] as const) open.push(await putRun(store, 'a', 40, state));
  const young = await putRun(store, 'a', 29);
  const { sweeper, events } = recordSweeper(store);
  const report = await sweeper.sweep(SWEEP, never);
  expect(report).toMatchObject({ runs: 4, pipelines: [{ pipeline: 'a', byAge: 4, byCount: 0 }], isCut: false });
  expect((await idsOf(store, 'a')).toSorted()).toEqual([...open, young].toSorted());
  expect(events).toMatchObject([{ kind: 'recordsRemoved', runs: 4, documents: 4, isComplete: true }]);
});

it('keeps the newest ended runs of each pipeline, and those that ended a moment ago', async () => {
  const store = new MemoryStore();
  const many = [];
  for (const daysAgo of [5, 4, 3, 2, 1]) many.push(await putRun(store, 'many', daysAgo));
  for (const daysAgo of [9, 8]) await putRun(store, 'few', daysAgo);
  for (let count = 0; count < 4; count += 1) await putRun(store, 'fresh', 0);
  await putRun(store, 'many', 6, 'running');
  const { sweeper } = recordSweeper(store, { keepRuns: 2 });
  const report = await sweeper.sweep(SWEEP, never);
  expect(report.pipelines).toMatchObject([{ pipeline: 'many', byAge: 0, byCount: 3, hasOwnRules: false }]);
  expect((await idsOf(store, 'many')).slice(1)).toEqual(many.slice(3));
  expect(await idsOf(store, 'few')).toHaveLength(2);
  expect(await idsOf(store, 'fresh')).toHaveLength(4);
});

it('says in a dry run what a sweep then removes, and removes nothing', async () => {
  const store = new MemoryStore();
  for (const daysAgo of [50, 40, 5, 4, 3]) await fillRun(store, await putRun(store, 'a', daysAgo));
  for (const version of ['1', '2', '3']) {
    const record = { name: 'a', version, author: 'file', definition: {}, createdAtMs: Number(version) };
    await store.putPipelineVersion(record, patient());
  }
  await store.appendLogs([{ ...buildLogLine(null, 'old'), atMs: 1 }], patient());
  const { sweeper, events } = recordSweeper(store, { keepRuns: 1 });
  const planned = await sweeper.sweep({ isDryRun: true }, never);
  expect(planned).toMatchObject({ pipelines: [{ pipeline: 'a', byAge: 2, byCount: 2 }], documents: null });
  expect(await idsOf(store, 'a')).toHaveLength(5);
  expect(events).toEqual([]);
  const done = await sweeper.sweep(SWEEP, never);
  expect({ ...done, isDryRun: true, documents: null, logLines: planned.logLines }).toEqual(planned);
  expect(done).toMatchObject({ runs: 4, pipelineVersions: 1, documents: 4 * 10 });
  expect(await sweeper.sweep(SWEEP, never)).toMatchObject({ runs: 0, documents: 0, logLines: 0, pipelineVersions: 0 });
});

it('removes old log lines also of runs that stay', async () => {
  const store = new MemoryStore();
  const runId = await putRun(store, 'a', 1);
  const nowMs = testClock.nowMs();
  const lines = Array.from({ length: 1_200 }, (_, index) => ({
    ...buildLogLine(runId, String(index)),
    atMs: index < 1_100 ? 1 : nowMs,
  }));
  await store.appendLogs(lines, patient());
  const { sweeper } = recordSweeper(store);
  expect(await sweeper.sweep(SWEEP, never)).toMatchObject({ logLines: 1_100, runs: 0 });
  expect(await store.listLogs({ runId, limit: 1_000 }, patient())).toHaveLength(100);
});

it('removes what a run has elsewhere before the run, and the run only when that is gone', async () => {
  const store = new MemoryStore();
  const runId = await putRun(store, 'a', 40);
  const seen: RunId[] = [];
  const belongings = belongingsOf(async (id) => {
    expect(await store.findRun(id, patient())).not.toBeNull();
    seen.push(id);
    if (seen.length === 1) throw new GantryError('STORE_FAILED', 'the files cannot be removed');
    // The first part of them.
    return seen.length > 2;
  });
  const { sweeper, events } = recordSweeper(store, {}, { belongings });
  await expect(sweeper.sweep(SWEEP, never)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(await idsOf(store, 'a')).toEqual([runId]);
  await sweeper.sweep(SWEEP, never);
  expect(await idsOf(store, 'a')).toEqual([]);
  expect(seen).toEqual([runId, runId, runId]);
  expect(events).toMatchObject([{ isComplete: false }, { isComplete: true, runs: 1 }]);
});

it('ends at once when it is stopped, and a sweep after it does the rest', async () => {
  const store = new MemoryStore();
  for (let count = 0; count < 30; count += 1) await putRun(store, 'a', 40);
  const stop = new AbortController();
  let removed = 0;
  const belongings = belongingsOf(() => {
    removed += 1;
    if (removed === 15) stop.abort(new Error('the program ends'));
    return Promise.resolve(true);
  });
  const { sweeper } = recordSweeper(store, {}, { belongings });
  await expect(sweeper.sweep(SWEEP, stop.signal)).rejects.toThrow('the program ends');
  const left = (await idsOf(store, 'a')).length;
  expect(left).toBeGreaterThan(0);
  expect(await sweeper.sweep(SWEEP, never)).toMatchObject({ runs: left });
});

it('makes one sweep at a time', async () => {
  const store = new MemoryStore();
  for (let count = 0; count < 25; count += 1) await putRun(store, 'a', 40);
  const { sweeper } = recordSweeper(store);
  const reports = await Promise.all([sweeper.sweep(SWEEP, never), sweeper.sweep(SWEEP, never)]);
  expect(reports.map(({ runs }) => runs)).toEqual([25, 0]);
});

it('keeps a run as long as one that was made from it has not ended', async () => {
  const store = new MemoryStore();
  const origin = await putRun(store, 'a', 40);
  const made = buildRun({ pipeline: 'a', lineage: { kind: 'replay', runId: origin, hook: null } });
  await store.insertRun(made, patient());
  const { sweeper } = recordSweeper(store);
  expect(await sweeper.sweep(SWEEP, never)).toMatchObject({ runs: 0 });
  await store.updateRun(made.id, { states: ['queued'] }, { state: 'cancelled', finishedAtMs: 2 }, patient());
  expect(await sweeper.sweep(SWEEP, never)).toMatchObject({ runs: 1 });
});
