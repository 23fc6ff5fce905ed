// Runs: accepted once per key, changed only by who may, listed newest first.
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { isTerminal, RUN_STATES, type Run, type Told } from '../../../src/core/run.ts';
import { buildRun, freshName, newRunId, newWorkerId, patient } from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const HOSTILE = JSON.parse(
  '{"$where":"sleep(1)","a.b":{"$gt":""},"__proto__":{"polluted":true},"constructor":1,"":"empty","\\u0000":"nul","z":1,"a":2}',
) as JsonObject;
const UNICODE = 'zażółć 🦔 \u202e\u0000 \u2028 日本 ́combining';

function insertContract(subject: StoreUnderTest): void {
  it('gives back every field of a run as it was inserted', async () => {
    const run = buildRun({
      params: HOSTILE,
      warnings: [{ code: 'MERGE_CONFLICT', message: UNICODE, hook: 'fetch', plugin: null }],
      failure: { code: 'crash', message: 'exit 1', hook: null, plugin: 'sample' },
      worker: newWorkerId(),
      startedAtMs: 1000.25,
      deadlineAtMs: Date.UTC(2099, 0, 1),
    });
    expect(await subject.store().insertRun(run, patient())).toEqual({ kind: 'inserted' });
    const found = await subject.store().findRun(run.id, patient());
    expect(found).toEqual(run);
    expect(JSON.stringify(found?.params)).toBe(JSON.stringify(HOSTILE));
    expect(Object.hasOwn(found?.params ?? {}, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('finds nothing under an unknown id', async () => {
    expect(await subject.store().findRun(newRunId(), patient())).toBeNull();
  });

  it('keeps one run per pipeline and idempotency key, and hands it back to the second', async () => {
    const pipeline = freshName('keyed');
    const first = buildRun({ pipeline, idempotencyKey: '{"$ne":1}', requestHash: 'one' });
    const clash = buildRun({ pipeline, idempotencyKey: '{"$ne":1}', requestHash: 'two' });
    const elsewhere = buildRun({ pipeline: freshName('keyed'), idempotencyKey: '{"$ne":1}' });
    expect(await subject.store().insertRun(first, patient())).toEqual({ kind: 'inserted' });
    expect(await subject.store().insertRun(clash, patient())).toEqual({ kind: 'exists', run: first });
    expect(await subject.store().insertRun(elsewhere, patient())).toEqual({ kind: 'inserted' });
    expect(await subject.store().findRun(clash.id, patient())).toBeNull();
    expect(await subject.store().findRunByKey(pipeline, '{"$ne":1}', patient())).toEqual(first);
    expect(await subject.store().findRunByKey(pipeline, 'other', patient())).toBeNull();
  });

  it('hands back the standing run when its id is inserted again, and keeps it', async () => {
    const run = buildRun();
    await subject.store().insertRun(run, patient());
    const again = subject.store().insertRun({ ...run, priority: 3 }, patient());
    expect(await again).toEqual({ kind: 'exists', run });
    expect(await subject.store().findRun(run.id, patient())).toEqual(run);
  });

  it('accepts exactly one of many triggers with one key at once', async () => {
    const pipeline = freshName('racing');
    const runs = Array.from({ length: 20 }, () => buildRun({ pipeline, idempotencyKey: 'same' }));
    const results = await Promise.all(runs.map((run) => subject.store().insertRun(run, patient())));
    const winner = runs[results.findIndex(({ kind }) => kind === 'inserted')];
    expect(results.filter(({ kind }) => kind === 'inserted')).toHaveLength(1);
    const losers = results.filter((result) => result.kind === 'exists');
    expect(new Set(losers.map(({ run }) => run.id))).toEqual(new Set([winner?.id]));
  });

  it('keeps any number of runs without a key', async () => {
    const pipeline = freshName('keyless');
    const runs = [buildRun({ pipeline }), buildRun({ pipeline })];
    for (const run of runs) expect(await subject.store().insertRun(run, patient())).toEqual({ kind: 'inserted' });
    expect(await subject.store().countRuns({ pipeline }, patient())).toBe(2);
  });
}

function updateContract(subject: StoreUnderTest): void {
  it('changes a run when state, epoch and worker match', async () => {
    const worker = newWorkerId();
    const run = buildRun({ state: 'running', worker, epoch: 3 });
    await subject.store().insertRun(run, patient());
    const changes = { state: 'succeeded', finishedAtMs: 2000, params: { $set: { a: 1 } } } as const;
    const guard = { states: ['running', 'waiting'], epoch: 3, worker } as const;
    expect(await subject.store().updateRun(run.id, guard, changes, patient())).toBe(true);
    expect(await subject.store().findRun(run.id, patient())).toEqual({ ...run, ...changes });
  });

  it('changes nothing and reports a stale write when any part of the guard differs', async () => {
    const worker = newWorkerId();
    const run = buildRun({ state: 'running', worker, epoch: 3 });
    await subject.store().insertRun(run, patient());
    const guards = [
      { states: ['queued'], epoch: 3, worker },
      { states: ['running'], epoch: 2, worker },
      { states: ['running'], epoch: 3, worker: newWorkerId() },
      { states: ['running'], epoch: 3, worker: null },
      { states: [] },
    ] as const;
    const staleBefore = subject.events().filter(({ kind }) => kind === 'staleWriteIgnored').length;
    for (const guard of guards) {
      expect(await subject.store().updateRun(run.id, guard, { state: 'failed' }, patient())).toBe(false);
    }
    const unknown = await subject.store().updateRun(newRunId(), { states: ['queued'] }, { state: 'failed' }, patient());
    expect(unknown).toBe(false);
    expect(await subject.store().findRun(run.id, patient())).toEqual(run);
    const stale = subject.events().filter(({ kind }) => kind === 'staleWriteIgnored').length;
    expect(stale - staleBefore).toBe(guards.length + 1);
  });

  it('accepts a guard on a run that no worker holds', async () => {
    const run = buildRun();
    await subject.store().insertRun(run, patient());
    const guard = { states: ['queued'], worker: null } as const;
    expect(await subject.store().updateRun(run.id, guard, { cancelRequestedAtMs: 5 }, patient())).toBe(true);
  });

  it('changes nothing when the run was told more than the writer has heard', async () => {
    const run = buildRun({ state: 'running', epoch: 3 });
    await subject.store().insertRun(run, patient());
    const [first, second] = (['approve', 'reject'] as const).map((decision) => ({
      hook: 'fetch "quoted" $',
      decided: { decision, by: 'api', atMs: 1_000.5, comment: UNICODE },
    }));
    if (first === undefined || second === undefined) throw new Error('two decisions');
    const write = async (told: Told, changes: Partial<Told>): Promise<boolean> =>
      await subject.store().updateRun(run.id, { states: ['running'], epoch: 3, told }, changes, patient());
    const nothing = { decisions: [], cancelRequestedAtMs: null };
    expect(await write({ ...nothing, cancelRequestedAtMs: 5 }, { decisions: [second] })).toBe(false);
    const all = await Promise.all([first, second].map((one) => write(nothing, { decisions: [one] })));
    expect(all.filter(Boolean)).toHaveLength(1);
    const decisions = all[0] === true ? [first] : [second];
    expect(await write(nothing, { cancelRequestedAtMs: 5 })).toBe(false);
    const found = await subject.store().findRun(run.id, patient());
    expect(found).toEqual({ ...run, decisions });
    expect(await write(found ?? nothing, { cancelRequestedAtMs: 5 })).toBe(true);
    expect(await write(found ?? nothing, { decisions: [first, second] })).toBe(false);
    expect(await write({ decisions, cancelRequestedAtMs: 5 }, { decisions: [first, second] })).toBe(true);
  });

  it('lets exactly one of many guarded writers end a run', async () => {
    const run = buildRun({ state: 'running' });
    await subject.store().insertRun(run, patient());
    const ends = Array.from({ length: 20 }, (_, finishedAtMs) =>
      subject.store().updateRun(run.id, { states: ['running'] }, { state: 'failed', finishedAtMs }, patient()),
    );
    const results = await Promise.all(ends);
    expect(results.filter(Boolean)).toHaveLength(1);
    expect((await subject.store().findRun(run.id, patient()))?.finishedAtMs).toBe(results.indexOf(true));
  });

  it('applies writes of one run in the order of the calls, without waiting between them', async () => {
    const run = buildRun({ state: 'running' });
    const inserted = subject.store().insertRun(run, patient());
    const updates = Array.from({ length: 30 }, (_, index) =>
      subject.store().updateRun(run.id, { states: ['running'] }, { startedAtMs: index }, patient()),
    );
    await inserted;
    expect(await Promise.all(updates)).toEqual(updates.map(() => true));
    expect((await subject.store().findRun(run.id, patient()))?.startedAtMs).toBe(29);
  });

  it('gives each of many writes at once its own answer', async () => {
    const runs = Array.from({ length: 40 }, (_, index) => buildRun({ state: index % 2 === 0 ? 'running' : 'waiting' }));
    await Promise.all(runs.map((run) => subject.store().insertRun(run, patient())));
    const results = await Promise.all(
      runs.map((run) => subject.store().updateRun(run.id, { states: ['running'] }, { state: 'failed' }, patient())),
    );
    expect(results).toEqual(runs.map((run) => run.state === 'running'));
  });
}

function listContract(subject: StoreUnderTest): void {
  it('pages through runs newest first, each once, by state and pipeline', async () => {
    const pipeline = freshName('paged');
    const runs = RUN_STATES.flatMap((state) => [buildRun({ pipeline, state }), buildRun({ pipeline, state })]);
    await Promise.all(runs.map((run) => subject.store().insertRun(run, patient())));
    const expected = runs
      .filter(({ state }) => state === 'failed' || state === 'queued' || state === 'succeeded')
      .map(({ id }) => id)
      .sort()
      .reverse();
    const filter = { pipeline, states: ['failed', 'queued', 'succeeded'] } as const;
    const first = await subject.store().listRuns(filter, { limit: 4 }, patient());
    expect(first.items.map(({ id }) => id)).toEqual(expected.slice(0, 4));
    expect(first.next).toBe(expected[3]);
    const second = await subject.store().listRuns(filter, { limit: 4, after: first.next ?? newRunId() }, patient());
    expect(second.items.map(({ id }) => id)).toEqual(expected.slice(4));
    expect(second.next).toBeNull();
    expect((await subject.store().listRuns({ pipeline }, { limit: 100 }, patient())).items).toHaveLength(runs.length);
    expect(await subject.store().countRuns(filter, patient())).toBe(6);
  });

  it('starts the list of all runs with the newest', async () => {
    const run = buildRun();
    await subject.store().insertRun(run, patient());
    const page = await subject.store().listRuns({}, { limit: 1 }, patient());
    expect(page.items.map(({ id }) => id)).toEqual([run.id]);
    expect((await subject.store().listRuns({ states: ['queued'] }, { limit: 1 }, patient())).items[0]?.id).toBe(run.id);
  });

  it('counts a run under its present state only', async () => {
    const pipeline = freshName('counted');
    const run = buildRun({ pipeline });
    await subject.store().insertRun(run, patient());
    await subject.store().updateRun(run.id, { states: ['queued'] }, { state: 'cancelled' }, patient());
    expect(await subject.store().countRuns({ pipeline, states: ['queued'] }, patient())).toBe(0);
    expect(await subject.store().countRuns({ pipeline, states: ['cancelled'] }, patient())).toBe(1);
    expect(await subject.store().countRuns({ states: [] }, patient())).toBe(0);
  });

  it('lists the runs that hooks of other runs started for as long as they are open, newest first', async () => {
    const pipeline = freshName('children');
    const parent = newRunId();
    const lineage = { kind: 'run', runId: parent, hook: 'call' } as const;
    const nowMs = Date.now();
    const runs = RUN_STATES.map((state) =>
      buildRun({ pipeline, state, trigger: 'run', lineage, finishedAtMs: isTerminal(state) ? nowMs : null }),
    );
    await Promise.all([...runs, buildRun({ pipeline })].map((run) => subject.store().insertRun(run, patient())));
    const list = async (after?: Run['id']): Promise<readonly Run[]> => {
      const page = { limit: 50, ...(after === undefined ? {} : { after }) };
      const { items } = await subject.store().listRuns({ isOpenChild: true }, page, patient());
      return items.filter((run) => run.pipeline === pipeline);
    };
    const open = runs.filter(({ state }) => !isTerminal(state)).map(({ id }) => id);
    expect((await list()).map(({ id }) => id)).toEqual(open.toSorted().toReversed());
    const [newest = parent, next = parent, last = parent] = open.toSorted().toReversed();
    expect((await list(newest)).map(({ id }) => id)).toEqual([next, last]);
    const guard = { states: ['queued', 'running', 'waiting'] } as const;
    await subject.store().updateRun(newest, guard, { state: 'running' }, patient());
    await subject.store().updateRun(next, guard, { state: 'failed', finishedAtMs: nowMs }, patient());
    expect((await list()).map(({ id }) => id)).toEqual([newest, last]);
  });
}

export function runContract(subject: StoreUnderTest): void {
  describe('runs', () => {
    insertContract(subject);
    updateContract(subject);
    listContract(subject);
  });
}
