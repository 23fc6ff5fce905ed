// Rules of single pipelines: runs, log lines and artifacts go by their own pipeline's, the rest by the system's; told with the reason.
import { expect, it } from 'vitest';
import { ARTIFACTS_PAYLOAD } from '../../../src/core/artifact.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Retention } from '../../../src/core/ports/retention.ts';
import { belongingsOf, DAY_MS, fillRun, putRun, recordSweeper } from '../../support/retention/record-world.ts';
import { patient, testClock } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

const never = new AbortController().signal;

async function lines(store: MemoryStore, runId: RunId): Promise<number> {
  return (await store.listLogs({ runId, limit: 10 }, patient())).length;
}

async function putArtifacts(store: MemoryStore, runId: RunId): Promise<void> {
  await store.putPayload(runId, ARTIFACTS_PAYLOAD, JSON.stringify([{ name: 'a' }, { name: 'b' }]), patient());
  await store.putPayload(runId, 'artifact/x/0', '"YQ=="', patient());
}

it('keeps runs of a pipeline by its own age and count', async () => {
  const store = new MemoryStore();
  for (const daysAgo of [40, 5, 4, 3]) for (const pipeline of ['own', 'other']) await putRun(store, pipeline, daysAgo);
  const long = await putRun(store, 'long', 400);
  const rules = new Map([
    ['own', { keepForMs: 4.5 * DAY_MS, keepRuns: 1 }],
    ['long', { keepForMs: 500 * DAY_MS }],
  ]);
  const { sweeper } = recordSweeper(store, {}, { ownRules: () => rules });
  const report = await sweeper.sweep({ isDryRun: true }, never);
  expect(report.pipelines).toMatchObject([
    { pipeline: 'other', byAge: 1, byCount: 0, hasOwnRules: false, rules: { keepForMs: 30 * DAY_MS } },
    { pipeline: 'own', byAge: 2, byCount: 1, hasOwnRules: true, rules: { keepForMs: 4.5 * DAY_MS, keepRuns: 1 } },
  ]);
  expect(await sweeper.sweep({ isDryRun: false }, never)).toMatchObject({ runs: 4, pipelines: report.pipelines });
  expect(await store.findRun(long, patient())).not.toBeNull();
});

it('removes log lines and artifacts of runs that stay, each by its own age', async () => {
  const store = new MemoryStore();
  const removed: RunId[] = [];
  const [old, young, other] = [
    await putRun(store, 'own', 6),
    await putRun(store, 'own', 3),
    await putRun(store, 'b', 6),
  ];
  for (const id of [old, young, other]) await fillRun(store, id);
  for (const id of [old, young, other]) await putArtifacts(store, id);
  const rules = new Map([['own', { keepLogsForMs: 2 * DAY_MS, keepArtifactsForMs: 5 * DAY_MS }]]);
  const belongings = belongingsOf((id) => Promise.resolve(removed.push(id) > 0));
  const { sweeper } = recordSweeper(store, {}, { ownRules: () => rules, belongings });
  const told = {
    pipelines: [{ pipeline: 'own', byAge: 0, byCount: 0, logLines: 6, artifacts: 2 }],
    logLines: 6,
    artifacts: 2,
    runs: 0,
  };
  expect(await sweeper.sweep({ isDryRun: true }, never)).toMatchObject(told);
  expect(await sweeper.sweep({ isDryRun: false }, never)).toMatchObject(told);
  expect([await lines(store, old), await lines(store, young), await lines(store, other)]).toEqual([0, 0, 3]);
  expect(removed).toEqual([old]);
  expect(await store.findPayload(old, 'artifact/x/0', patient())).toBeNull();
  expect(await store.findPayload(old, 'data', patient())).toBe('{}');
  expect(await store.findPayload(young, ARTIFACTS_PAYLOAD, patient())).not.toBeNull();
  expect((await sweeper.sweep({ isDryRun: false }, never)).pipelines).toEqual([]);
});

it('keeps log lines of a pipeline longer than the system does, while others’ go', async () => {
  const store = new MemoryStore();
  const [long, other] = [await putRun(store, 'long', 6), await putRun(store, 'other', 6)];
  for (const id of [long, other]) await fillRun(store, id);
  const rules = new Map([['long', { keepLogsForMs: 20 * DAY_MS }]]);
  const { sweeper } = recordSweeper(store, { keepLogsForMs: 5 * DAY_MS }, { ownRules: () => rules });
  expect(await sweeper.sweep({ isDryRun: false }, never)).toMatchObject({ logLines: 3 });
  expect([await lines(store, long), await lines(store, other)]).toEqual([3, 0]);
});

it('goes on where it was, and begins anew once a day', async () => {
  const store = new MemoryStore();
  for (let count = 0; count < 60; count += 1) await putRun(store, 'own', 9 - count / 100);
  const asked: (RunId | null)[] = [];
  const { retention } = store;
  Object.defineProperty(store, 'retention', {
    value: {
      ...retention,
      listEndedRuns: (...[query, options]: Parameters<Retention['listEndedRuns']>) => {
        // The others ask for what would go as a whole.
        if (query.limit === 50) asked.push(query.after);
        return retention.listEndedRuns(query, options);
      },
    },
  });
  const rules = new Map([['own', { keepLogsForMs: DAY_MS }]]);
  let nowMs = 0;
  const clock = {
    nowMs: () => testClock.nowMs(),
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: () => Promise.resolve(),
    deadline: (durationMs: number) => testClock.deadline(durationMs),
  };
  const { sweeper } = recordSweeper(store, {}, { ownRules: () => rules, clock });
  await sweeper.sweep({ isDryRun: false }, never);
  expect(asked.splice(0)).toEqual([null, expect.any(String), expect.any(String)]);
  await sweeper.sweep({ isDryRun: false }, never);
  expect(asked.splice(0)).toEqual([expect.any(String)]);
  nowMs = DAY_MS;
  await sweeper.sweep({ isDryRun: false }, never);
  expect(asked).toEqual([null, expect.any(String), expect.any(String)]);
});
