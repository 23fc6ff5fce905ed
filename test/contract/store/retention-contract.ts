// Removal of old records: only what is old and ended, with all that belongs to it, a bounded part at a time, and no part without its run.
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatId, type RunId } from '../../../src/core/ids.ts';
import type { RunState } from '../../../src/core/run.ts';
import {
  buildInvocation,
  buildLogLine,
  buildRun,
  freshName,
  newRunId,
  patient,
} from '../../support/store/build-records.ts';
import { partsContract } from './parts-contract.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const CHUNKED = JSON.stringify('x'.repeat(600 * 1024));

function runIdAt(ms: number): RunId {
  return formatId('run', ms, randomBytes(10));
}

/** A run of the time, ended a second later if the state says so. */
async function putRun(subject: StoreUnderTest, pipeline: string, atMs: number, state: RunState): Promise<RunId> {
  const isEnded = !['queued', 'running', 'waiting'].includes(state);
  const run = buildRun({
    ...{ id: runIdAt(atMs), pipeline, state, createdAtMs: atMs },
    finishedAtMs: isEnded ? atMs + 1_000 : null,
  });
  await subject.store().insertRun(run, patient());
  return run.id;
}

/** 4 log lines, 3 events, 2 invocations, a payload of one piece and one of several. */
async function fill(subject: StoreUnderTest, runId: RunId): Promise<void> {
  const store = subject.store();
  await store.appendLogs(
    ['a', 'b', 'c', 'd'].map((line) => buildLogLine(runId, line, 'filler')),
    patient(),
  );
  const events = [1, 2, 3].map((seq) => ({ runId, seq, atMs: 1, kind: 'runQueued' as const, body: {} }));
  await store.appendEvents(events, patient());
  for (let count = 0; count < 2; count += 1) await store.insertInvocation(buildInvocation(runId), patient());
  await store.putPayload(runId, 'data', '{}', patient());
  await store.putPayload(runId, 'result:"odd" name', CHUNKED, patient());
}

async function leftOf(subject: StoreUnderTest, runId: RunId): Promise<unknown> {
  const store = subject.store();
  return {
    run: await store.findRun(runId, patient()),
    logs: await store.listLogs({ runId, limit: 10 }, patient()),
    events: await store.listEvents(runId, 0, 10, patient()),
    invocations: await store.listInvocations(runId, patient()),
    payloads: [
      (await store.findPayload(runId, 'data', patient()))?.length,
      (await store.findPayload(runId, 'result:"odd" name', patient()))?.length,
    ],
  };
}

const NOTHING = { run: null, logs: [], events: [], invocations: [], payloads: [undefined, undefined] };

function runsContract(subject: StoreUnderTest): void {
  it('lists ended runs oldest first, page by page, and no run that is younger or has not ended', async () => {
    const pipeline = freshName('ended');
    const failed = await putRun(subject, pipeline, 10_000, 'failed');
    const succeeded = await putRun(subject, pipeline, 20_000, 'succeeded');
    for (const state of ['queued', 'running', 'waiting'] as const) await putRun(subject, pipeline, 15_000, state);
    const cancelled = await putRun(subject, pipeline, 30_000, 'cancelled');
    await putRun(subject, pipeline, 40_000, 'timed_out');
    await putRun(subject, freshName('ended'), 10_000, 'failed');
    const query = { pipeline, endedBeforeMs: 40_500, after: null, limit: 2 };
    const { retention } = subject.store();
    const first = await retention.listEndedRuns(query, patient());
    expect(first).toEqual([
      { id: failed, state: 'failed', finishedAtMs: 11_000 },
      { id: succeeded, state: 'succeeded', finishedAtMs: 21_000 },
    ]);
    const second = await retention.listEndedRuns({ ...query, after: succeeded }, patient());
    expect(second).toEqual([{ id: cancelled, state: 'cancelled', finishedAtMs: 31_000 }]);
  });

  it('removes a run with all that belongs to it, and nothing of another', async () => {
    const pipeline = freshName('removed');
    const [gone, kept] = [
      await putRun(subject, pipeline, 1_000, 'failed'),
      await putRun(subject, pipeline, 1_000, 'failed'),
    ];
    await fill(subject, gone);
    await fill(subject, kept);
    const before = await leftOf(subject, kept);
    expect(await subject.store().retention.removeRun(gone, 1_000, patient())).toMatchObject({ state: 'gone' });
    expect(await leftOf(subject, gone)).toEqual(NOTHING);
    expect(await leftOf(subject, kept)).toEqual(before);
    expect(await subject.store().countRuns({ pipeline }, patient())).toBe(1);
    const { items } = await subject.store().listRuns({ pipeline }, { limit: 5 }, patient());
    expect(items.map(({ id }) => id)).toEqual([kept]);
  });

  it.each([1, 3, 8])(
    'removes no more than %i documents at once, the run last, and hides it from the first on',
    async (atMost) => {
      const pipeline = freshName('parts');
      const runId = await putRun(subject, pipeline, 1_000, 'succeeded');
      await fill(subject, runId);
      const { retention } = subject.store();
      let total = 0;
      for (let calls = 0; calls < 40; calls += 1) {
        const { state, removed } = await retention.removeRun(runId, atMost, patient());
        total += removed;
        expect(await subject.store().findRun(runId, patient())).toBeNull();
        if (state === 'gone') break;
        expect({ state, isBounded: removed <= atMost }).toEqual({ state: 'partly', isBounded: true });
        // Whoever is interrupted here leaves a run that is found again.
        const query = { pipeline, endedBeforeMs: 5_000, after: null, limit: 2 };
        expect(await retention.listEndedRuns(query, patient())).toMatchObject([{ id: runId }]);
      }
      expect(await leftOf(subject, runId)).toEqual(NOTHING);
      expect(total).toBeGreaterThanOrEqual(12);
      expect(await retention.removeRun(runId, atMost, patient())).toEqual({ state: 'gone', removed: 0 });
    },
  );

  it('keeps a run that has not ended', async () => {
    const runId = await putRun(subject, freshName('open'), 1_000, 'waiting');
    await fill(subject, runId);
    const before = await leftOf(subject, runId);
    expect(await subject.store().retention.removeRun(runId, 100, patient())).toEqual({ state: 'kept', removed: 0 });
    expect(await leftOf(subject, runId)).toEqual(before);
  });

  it('removes a run once when two do it at the same time', async () => {
    const runId = await putRun(subject, freshName('twice'), 1_000, 'failed');
    await fill(subject, runId);
    const { retention } = subject.store();
    const until = async (): Promise<void> => {
      while ((await retention.removeRun(runId, 2, patient())).state === 'partly');
    };
    await Promise.all([until(), until()]);
    expect(await leftOf(subject, runId)).toEqual(NOTHING);
  });

  it('lists the runs that were made from a run, newest first', async () => {
    const origin = await putRun(subject, freshName('origin'), 1_000, 'failed');
    const lineage = { kind: 'retry', runId: origin, hook: 'fetch' } as const;
    const children = [buildRun({ lineage }), buildRun({ lineage: { ...lineage, kind: 'replay' } })];
    for (const child of children) await subject.store().insertRun(child, patient());
    await subject.store().insertRun(buildRun({ lineage: { ...lineage, runId: newRunId() } }), patient());
    const first = await subject.store().listRuns({ madeFrom: origin }, { limit: 1 }, patient());
    expect(first.items.map(({ id }) => id)).toEqual([children[1]?.id]);
    const after = first.next ?? newRunId();
    const second = await subject.store().listRuns({ madeFrom: origin }, { limit: 1, after }, patient());
    expect(second).toEqual({ items: [children[0]], next: null });
  });
}

function namesContract(subject: StoreUnderTest): void {
  it('names the pipelines that have runs, once each, in order', async () => {
    const [one, two] = [freshName('name_a'), freshName('name_b')];
    for (const pipeline of [two, one, one]) await putRun(subject, pipeline, 1_000, 'failed');
    const { retention } = subject.store();
    const names = await retention.listNames('runs', null, 10_000, patient());
    expect(names.filter((name) => [one, two].includes(name))).toEqual([one, two]);
    expect(new Set(names).size).toBe(names.length);
    expect((await retention.listNames('runs', one, 1, patient()))[0]).toBe(names[names.indexOf(one) + 1]);
  });

  it('removes old versions of a pipeline, but the newest', async () => {
    const name = freshName('versions');
    const { retention } = subject.store();
    for (const createdAtMs of [1, 2, 3, 4, 5]) {
      const record = { name, version: String(createdAtMs), author: 'file', definition: {}, createdAtMs };
      await subject.store().putPipelineVersion(record, patient());
    }
    const query = { of: 'pipeline', name, keep: 2, createdBeforeMs: 3, limit: 10 } as const;
    // However many younger ones there are.
    expect(
      await retention.listOldVersions({ ...query, keep: 1, createdBeforeMs: 2, limit: 1 }, patient()),
    ).toHaveLength(1);
    const ids = await retention.listOldVersions(query, patient());
    expect(await retention.removeVersions('pipeline', ids, patient())).toBe(2);
    expect((await subject.store().listPipelineVersions(name, patient())).map(({ version }) => version)).toEqual([
      '5',
      '4',
      '3',
    ]);
    expect(await retention.listOldVersions({ ...query, createdBeforeMs: 9 }, patient())).toHaveLength(1);
    expect(await retention.listNames('pipeline', null, 10_000, patient())).toContain(name);
  });

  it('removes old versions of a plugin, but those with an image', async () => {
    const plugin = freshName('versions');
    const { retention } = subject.store();
    for (const createdAtMs of [1, 2, 3, 4]) {
      const id = `${plugin}@${String(createdAtMs)}`;
      const more = { contentHash: 'c', imageId: 'i', imageTag: 't', manifest: {}, lastUsedAtMs: null, said: null };
      const imageRemovedAtMs = createdAtMs === 2 ? null : 9;
      await subject.store().putPluginVersion({ id, plugin, createdAtMs, imageRemovedAtMs, ...more }, patient());
    }
    const ids = await retention.listOldVersions(
      { of: 'plugin', name: plugin, keep: 1, createdBeforeMs: 9, limit: 10 },
      patient(),
    );
    expect(ids).toEqual([`${plugin}@1`, `${plugin}@3`]);
    const oldest = { of: 'plugin', name: plugin, keep: 1, createdBeforeMs: 2, limit: 1 } as const;
    expect(await retention.listOldVersions(oldest, patient())).toEqual([`${plugin}@1`]);
    expect(await retention.removeVersions('plugin', [...ids, `${plugin}@2`], patient())).toBe(2);
    expect((await subject.store().listPluginVersions(plugin, patient())).map(({ createdAtMs }) => createdAtMs)).toEqual(
      [4, 2],
    );
    expect(await retention.listNames('plugin', null, 10_000, patient())).toContain(plugin);
  });
}

function logsContract(subject: StoreUnderTest): void {
  it('removes log lines by their age, a bounded part at a time, and only counts them in a dry run', async () => {
    const plugin = freshName('lines');
    const lines = [1, 2, 3, 9_000].map((atMs) => ({ ...buildLogLine(null, String(atMs), plugin), atMs }));
    const before = await subject.store().listLogs({ limit: 1 }, patient());
    await subject.store().appendLogs(lines, patient());
    const { retention } = subject.store();
    const query = { beforeMs: 5_000, afterSeq: before.at(-1)?.seq ?? 0, limit: 2, isDryRun: true };
    const counted = await retention.removeLogs(query, patient());
    expect(counted).toMatchObject({ removed: 2 });
    expect(await subject.store().listLogs({ plugin, limit: 10 }, patient())).toHaveLength(4);
    const first = await retention.removeLogs({ ...query, isDryRun: false }, patient());
    expect(first).toEqual(counted);
    const second = await retention.removeLogs({ ...query, isDryRun: false, afterSeq: first.next ?? 0 }, patient());
    expect(second.removed).toBe(1);
    const left = await subject.store().listLogs({ plugin, limit: 10 }, patient());
    expect(left.map(({ message }) => message)).toEqual(['9000']);
    expect(await retention.removeLogs({ ...query, afterSeq: left.at(-1)?.seq ?? 0 }, patient())).toEqual({
      removed: 0,
      next: null,
    });
  });
}

export function retentionContract(subject: StoreUnderTest): void {
  describe('retention', () => {
    runsContract(subject);
    partsContract(subject);
    namesContract(subject);
    logsContract(subject);
  });
}
