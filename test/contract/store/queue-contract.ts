// The queue is the run's own record: claims by priority and age, never one run to two claimers.
import { describe, expect, it } from 'vitest';
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

  it('leaves runs that are not ready, of other pipelines or not queued', async () => {
    const pipeline = freshName('unready');
    const runs = [
      buildRun({ pipeline, readyAtMs: 2001 }),
      buildRun({ pipeline: freshName('unready') }),
      buildRun({ pipeline, state: 'waiting' }),
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

export function queueContract(subject: StoreUnderTest): void {
  describe('queue', () => {
    claimContract(subject);
  });
}
