// The queue is the run's own record: claims by priority and age, never one run to two claimers.
import { describe, expect, it } from 'vitest';
import { RUN_PARTITIONS } from '../../../src/core/run.ts';
import { buildRun, freshName, newWorkerId, patient } from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

function claimContract(subject: StoreUnderTest): void {
  it('claims ready runs by priority, then by age, and raises their epoch', async () => {
    const [pipeline, other] = [freshName('claimed'), freshName('claimed')];
    const old = buildRun({ pipeline });
    const young = buildRun({ pipeline: other });
    const urgent = buildRun({ pipeline, priority: 5, epoch: 4 });
    const low = buildRun({ pipeline, priority: -3 });
    for (const run of [low, young, urgent, old]) await subject.store().insertRun(run, patient());
    const worker = newWorkerId();
    const request = { worker, limit: 3, nowMs: 1000, pipelines: [pipeline, other] };
    const claimed = await subject.store().claimRuns(request, patient());
    expect(claimed).toEqual([
      { ...urgent, state: 'running', worker, epoch: 5 },
      { ...old, state: 'running', worker, epoch: 1 },
      { ...young, state: 'running', worker, epoch: 1 },
    ]);
    expect(await subject.store().findRun(urgent.id, patient())).toEqual(claimed[0]);
    const rest = await subject.store().claimRuns(request, patient());
    expect(rest.map(({ id }) => id)).toEqual([low.id]);
    expect(await subject.store().claimRuns(request, patient())).toEqual([]);
  });

  it('lets pipelines take turns, however many runs of one are queued, also where one run is claimed at a time', async () => {
    const [busy, calm] = [freshName('busy'), freshName('calm')];
    const many = Array.from({ length: 70 }, (_, index) => buildRun({ pipeline: busy, part: index % RUN_PARTITIONS }));
    await Promise.all(many.map((run) => subject.store().insertRun(run, patient())));
    const few = Array.from({ length: 3 }, () => buildRun({ pipeline: calm, part: 60 }));
    for (const run of few) await subject.store().insertRun(run, patient());
    const request = { worker: newWorkerId(), limit: 1, nowMs: 1000, pipelines: [busy, calm] };
    const turns: string[] = [];
    for (let claim = 0; claim < 6; claim += 1)
      turns.push(...(await subject.store().claimRuns(request, patient())).map(({ pipeline }) => pipeline));
    expect(turns.toSorted()).toEqual([busy, busy, busy, calm, calm, calm]);
    const rest: string[] = [];
    for (let count = -1; rest.length > count;) {
      count = rest.length;
      rest.push(...(await subject.store().claimRuns({ ...request, limit: 16 }, patient())).map(({ id }) => id));
    }
    expect(rest).toHaveLength(67);
  });

  it('claims what has a higher priority first, however much else is queued', async () => {
    const [plain, urgent] = [freshName('plain'), freshName('urgent')];
    const many = Array.from({ length: 40 }, (_, index) => buildRun({ pipeline: plain, part: index }));
    await Promise.all(many.map((run) => subject.store().insertRun(run, patient())));
    const first = Array.from({ length: 5 }, () => buildRun({ pipeline: urgent, priority: 100, part: 63 }));
    await Promise.all(first.map((run) => subject.store().insertRun(run, patient())));
    const last = buildRun({ pipeline: urgent, priority: -100 });
    await subject.store().insertRun(last, patient());
    const request = { worker: newWorkerId(), limit: 5, nowMs: 1000, pipelines: [plain, urgent] };
    const claimed = await subject.store().claimRuns(request, patient());
    expect(claimed.map(({ id }) => id)).toEqual(first.map(({ id }) => id).toSorted());
    const rest = await subject.store().claimRuns({ ...request, limit: 16 }, patient());
    expect(rest.map(({ id }) => id)).not.toContain(last.id);
    expect(rest).toHaveLength(16);
  });

  it('leaves runs that are not ready, of other pipelines or not queued', async () => {
    const pipeline = freshName('unready');
    const runs = [
      buildRun({ pipeline, readyAtMs: 2001 }),
      buildRun({ pipeline: freshName('unready') }),
      buildRun({ pipeline, state: 'waiting', readyAtMs: 3000 }),
      buildRun({ pipeline, state: 'succeeded' }),
    ];
    for (const run of runs) await subject.store().insertRun(run, patient());
    const request = { worker: newWorkerId(), limit: 10, nowMs: 2000, pipelines: [pipeline] };
    expect(await subject.store().claimRuns(request, patient())).toEqual([]);
    expect(await subject.store().claimRuns({ ...request, pipelines: [] }, patient())).toEqual([]);
    expect(await subject.store().claimRuns({ ...request, nowMs: 2001 }, patient())).toHaveLength(1);
  });

  it('offers a run again that was put back, with a higher epoch', async () => {
    const pipeline = freshName('returned');
    const run = buildRun({ pipeline });
    await subject.store().insertRun(run, patient());
    const request = { worker: newWorkerId(), limit: 1, nowMs: 1000, pipelines: [pipeline] };
    await subject.store().claimRuns(request, patient());
    const guard = { states: ['running'], worker: request.worker, epoch: 1 } as const;
    const back = { state: 'queued', worker: null, priority: 9 } as const;
    expect(await subject.store().updateRun(run.id, guard, back, patient())).toBe(true);
    expect(await subject.store().countQueued(pipeline, 10, patient())).toBe(1);
    const second = { ...request, worker: newWorkerId() };
    const [again] = await subject.store().claimRuns(second, patient());
    expect(again).toMatchObject({ id: run.id, epoch: 2, priority: 9, worker: second.worker });
    expect(await subject.store().updateRun(run.id, guard, { state: 'failed' }, patient())).toBe(false);
  });

  it('gives each run to one of many claimers in one program', async () => {
    const pipeline = freshName('contended');
    const runs = Array.from({ length: 30 }, () => buildRun({ pipeline }));
    await Promise.all(runs.map((run) => subject.store().insertRun(run, patient())));
    const claims = await Promise.all(
      Array.from({ length: 8 }, () =>
        subject.store().claimRuns({ worker: newWorkerId(), limit: 5, nowMs: 1000, pipelines: [pipeline] }, patient()),
      ),
    );
    const ids = claims.flat().map(({ id }) => id);
    expect(ids.toSorted()).toEqual(runs.map(({ id }) => id).toSorted());
    expect(claims.flat().every(({ epoch }) => epoch === 1)).toBe(true);
  });

  it('counts the queue of a pipeline no further than asked', async () => {
    const pipeline = freshName('counted');
    const runs = Array.from({ length: 6 }, (_, index) => buildRun({ pipeline, readyAtMs: index * 1_000_000 }));
    await Promise.all(runs.map((run) => subject.store().insertRun(run, patient())));
    await subject.store().insertRun(buildRun({ pipeline, state: 'running' }), patient());
    expect(await subject.store().countQueued(pipeline, 4, patient())).toBe(4);
    expect(await subject.store().countQueued(pipeline, 100, patient())).toBe(6);
    expect(await subject.store().countQueued(freshName('empty'), 100, patient())).toBe(0);
  });
}

function waitingContract(subject: StoreUnderTest): void {
  it('claims waiting runs whose time has come, the longest due first, before queued ones', async () => {
    const [pipeline, other] = [freshName('waited'), freshName('waited')];
    const queued = buildRun({ pipeline, priority: 9 });
    const later = buildRun({ pipeline, state: 'waiting', epoch: 3, readyAtMs: 900 });
    const sooner = buildRun({ pipeline: other, state: 'waiting', epoch: 1, readyAtMs: 800 });
    const notYet = buildRun({ pipeline, state: 'waiting', epoch: 1, readyAtMs: 1001 });
    for (const run of [queued, later, notYet, sooner]) await subject.store().insertRun(run, patient());
    const worker = newWorkerId();
    const request = { worker, limit: 10, nowMs: 1000, pipelines: [pipeline, other] };
    const claimed = await subject.store().claimRuns(request, patient());
    expect(claimed).toEqual([
      { ...sooner, state: 'running', worker, epoch: 2 },
      { ...later, state: 'running', worker, epoch: 4 },
      { ...queued, state: 'running', worker, epoch: 1 },
    ]);
    expect(await subject.store().claimRuns(request, patient())).toEqual([]);
    const [last] = await subject.store().claimRuns({ ...request, nowMs: 1001 }, patient());
    expect(last).toEqual({ ...notYet, state: 'running', worker, epoch: 2 });
  });

  it('claims no more than asked when waiting and queued runs are ready', async () => {
    const pipeline = freshName('mixed');
    const waiting = [1, 2].map((readyAtMs) => buildRun({ pipeline, state: 'waiting', readyAtMs }));
    const queued = [1, 2].map(() => buildRun({ pipeline }));
    for (const run of [...queued, ...waiting]) await subject.store().insertRun(run, patient());
    const request = { worker: newWorkerId(), nowMs: 1000, pipelines: [pipeline] };
    const first = await subject.store().claimRuns({ ...request, limit: 1 }, patient());
    expect(first.map(({ id }) => id)).toEqual([waiting[0]?.id]);
    const rest = await subject.store().claimRuns({ ...request, limit: 2 }, patient());
    expect(rest.map(({ id }) => id)).toEqual([waiting[1]?.id, queued[0]?.id]);
  });

  it('takes a run from its worker to waiting and back, with a higher epoch, and does not count it as queued', async () => {
    const pipeline = freshName('parked');
    const run = buildRun({ pipeline });
    await subject.store().insertRun(run, patient());
    const request = { worker: newWorkerId(), limit: 1, nowMs: 1000, pipelines: [pipeline] };
    await subject.store().claimRuns(request, patient());
    const guard = { states: ['running'], worker: request.worker, epoch: 1 } as const;
    const parked = { state: 'waiting', worker: null, readyAtMs: 5000 } as const;
    expect(await subject.store().updateRun(run.id, guard, parked, patient())).toBe(true);
    expect(await subject.store().countQueued(pipeline, 10, patient())).toBe(0);
    expect(await subject.store().claimRuns({ ...request, nowMs: 4999 }, patient())).toEqual([]);
    const second = { ...request, worker: newWorkerId(), nowMs: 5000 };
    expect(await subject.store().claimRuns(second, patient())).toMatchObject([{ id: run.id, epoch: 2 }]);
    expect(await subject.store().updateRun(run.id, guard, { state: 'failed' }, patient())).toBe(false);
    const again = { states: ['running'], epoch: 2 } as const;
    expect(await subject.store().updateRun(run.id, again, { state: 'waiting', readyAtMs: 6000 }, patient())).toBe(true);
    const waiting = { states: ['waiting'], epoch: 2 } as const;
    expect(await subject.store().updateRun(run.id, waiting, { state: 'cancelled' }, patient())).toBe(true);
    expect(await subject.store().claimRuns({ ...request, nowMs: 9000 }, patient())).toEqual([]);
  });

  it('makes a waiting run ready once, whoever else saw the same wait', async () => {
    const pipeline = freshName('woken');
    const run = buildRun({ pipeline, state: 'waiting', readyAtMs: 9000 });
    await subject.store().insertRun(run, patient());
    const seen = { states: ['waiting'], epoch: 0, readyAtMs: 9000 } as const;
    expect(await subject.store().updateRun(run.id, seen, { readyAtMs: 500 }, patient())).toBe(true);
    expect(await subject.store().updateRun(run.id, seen, { readyAtMs: 600 }, patient())).toBe(false);
    const request = { worker: newWorkerId(), limit: 1, nowMs: 500, pipelines: [pipeline] };
    expect(await subject.store().claimRuns(request, patient())).toMatchObject([{ id: run.id, readyAtMs: 500 }]);
  });
}

export function queueContract(subject: StoreUnderTest): void {
  describe('queue', () => {
    claimContract(subject);
    waitingContract(subject);
  });
}
