// Chains of writes: each in its order, cut short by a guard that does not hold, apart from the others, and harmless when written again.
import { describe, expect, it } from 'vitest';
import type { StoreWrite } from '../../../src/core/ports/store.ts';
import type { Run } from '../../../src/core/run.ts';
import {
  buildInvocation,
  buildLogLine,
  buildRun,
  freshName,
  newRunId,
  newWorkerId,
  patient,
} from '../../support/store/build-records.ts';
import type { StoreUnderTest } from './store-under-test.ts';

/** Everything that a whole run leaves. */
function wholeRun(run: Run, data = '{"a":1}'): StoreWrite[] {
  const invocation = buildInvocation(run.id, { state: 'succeeded' });
  return [
    { kind: 'putPayload', runId: run.id, name: 'data', json: data },
    { kind: 'insertInvocation', invocation },
    {
      kind: 'appendEvents',
      events: [1, 2].map((seq) => ({ runId: run.id, seq, atMs: seq, kind: 'runQueued' as const, body: { seq } })),
    },
    { kind: 'insertRun', run },
    { kind: 'appendLogs', lines: [buildLogLine(run.id, 'line')] },
  ];
}

export function chainContract(subject: StoreUnderTest): void {
  describe('chains of writes', () => {
    it('stores many runs with all that belongs to them at once', async () => {
      const runs = Array.from({ length: 30 }, () => buildRun({ state: 'succeeded' }));
      const big = JSON.stringify('x'.repeat(400_000));
      const chains = runs.map((run, index) => wholeRun(run, index === 7 ? big : '{"a":1}'));
      expect(await subject.store().writeAll(chains, patient())).toEqual(runs.map(() => true));
      for (const [index, run] of runs.entries()) {
        expect(await subject.store().findRun(run.id, patient())).toEqual(run);
        const data = await subject.store().findPayload(run.id, 'data', patient());
        expect(data === (index === 7 ? big : '{"a":1}')).toBe(true);
        expect(await subject.store().listInvocations(run.id, patient())).toHaveLength(1);
        expect(await subject.store().listEvents(run.id, 0, 5, patient())).toHaveLength(2);
        expect(await subject.store().listLogs({ runId: run.id, limit: 5 }, patient())).toHaveLength(1);
      }
      expect(await subject.store().writeAll([], patient())).toEqual([]);
    });

    it('writes what stands in a chain in its order', async () => {
      const worker = newWorkerId();
      const run = buildRun({ state: 'running', worker, epoch: 1 });
      const invocation = buildInvocation(run.id, { state: 'pending', startedAtMs: null });
      const isApplied = await subject.store().writeAll(
        [
          [
            { kind: 'insertRun', run },
            { kind: 'insertInvocation', invocation },
            {
              kind: 'updateInvocation',
              id: invocation.id,
              guard: { states: ['pending'] },
              changes: { state: 'running', startedAtMs: 5 },
            },
            {
              kind: 'updateRun',
              id: run.id,
              guard: { states: ['running'], epoch: 1, worker },
              changes: { priority: 3 },
            },
            { kind: 'updateRun', id: run.id, guard: { states: ['running'] }, changes: { state: 'succeeded' } },
          ],
        ],
        patient(),
      );
      expect(isApplied).toEqual([true]);
      expect(await subject.store().findRun(run.id, patient())).toEqual({ ...run, priority: 3, state: 'succeeded' });
      const [found] = await subject.store().listInvocations(run.id, patient());
      expect(found).toEqual({ ...invocation, state: 'running', startedAtMs: 5 });
    });

    it('leaves what stands behind a guard that does not hold, in its chain only', async () => {
      const [lost, held] = [buildRun({ state: 'running', epoch: 4 }), buildRun({ state: 'running', epoch: 4 })];
      for (const run of [lost, held]) await subject.store().insertRun(run, patient());
      const chainOf = (run: Run, epoch: number): StoreWrite[] => [
        { kind: 'updateRun', id: run.id, guard: { states: ['running'], epoch }, changes: { state: 'failed' } },
        { kind: 'insertInvocation', invocation: buildInvocation(run.id) },
      ];
      const before = subject.events().filter(({ kind }) => kind === 'staleWriteIgnored').length;
      const results = await subject.store().writeAll([chainOf(lost, 3), chainOf(held, 4)], patient());
      expect(results).toEqual([false, true]);
      expect(await subject.store().findRun(lost.id, patient())).toEqual(lost);
      expect(await subject.store().listInvocations(lost.id, patient())).toEqual([]);
      expect(await subject.store().listInvocations(held.id, patient())).toHaveLength(1);
      expect(subject.events().filter(({ kind }) => kind === 'staleWriteIgnored').length - before).toBe(1);
    });

    it('is harmless when it is written again', async () => {
      const run = buildRun({ state: 'succeeded' });
      const chain = wholeRun(run).slice(0, -1);
      await subject.store().writeAll([chain], patient());
      expect(await subject.store().writeAll([chain], patient())).toEqual([true]);
      expect(await subject.store().findRun(run.id, patient())).toEqual(run);
      expect(await subject.store().listInvocations(run.id, patient())).toHaveLength(1);
      expect(await subject.store().listEvents(run.id, 0, 5, patient())).toHaveLength(2);
    });

    it('cuts the chain of a run whose key belongs to another one', async () => {
      const pipeline = freshName('keyed');
      const [first, second] = [0, 1].map(() => buildRun({ pipeline, idempotencyKey: 'k', id: newRunId() }));
      if (first === undefined || second === undefined) throw new Error('two runs were made');
      const chains = [first, second].map((run): StoreWrite[] => [
        { kind: 'insertRun', run },
        { kind: 'insertInvocation', invocation: buildInvocation(run.id) },
      ]);
      const results = [
        ...(await subject.store().writeAll(chains.slice(0, 1), patient())),
        ...(await subject.store().writeAll(chains.slice(1), patient())),
      ];
      expect(results).toEqual([true, false]);
      expect(await subject.store().findRun(second.id, patient())).toBeNull();
      expect(await subject.store().listInvocations(second.id, patient())).toEqual([]);
    });
  });
}
