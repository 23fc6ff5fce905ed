// Any order of invocations, answers, cancels and passing time, in sandboxes with several places.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { HeldRuns, type Ends } from '../../support/sandbox/held-runs.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

test('I-7: whatever happens, no sandbox has more at work than places, every invocation ends, and no CPU is kept', async () => {
  const step = fc.oneof(
    fc.constantFrom('hold', 'hold', '', 'foreign').map((act) => ({ act })),
    fc.record({ answer: fc.nat(5) }),
    fc.record({ cancel: fc.nat(5) }),
    fc.record({ passMs: fc.constantFrom(1, 400, 1_000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 25 }), async (concurrency, steps) => {
      await using worker = new FakeWorker({ cpuOvercommit: 1, graceMs: 300 });
      const held = new HeldRuns(worker, { concurrency, pool: poolLimits({ max: 2 }) });
      const ends: Ends = [];
      const stopsGiven: AbortController[] = [];
      for (const taken of steps) {
        if ('act' in taken) {
          const stop = new AbortController();
          stopsGiven.push(stop);
          ends.push(held.invoke(taken.act, { stop: stop.signal, timeoutMs: 900 }));
        } else if ('answer' in taken) {
          const [run] = held.runs.splice(taken.answer, 1);
          // Not awaited: nobody reads what a dead process says.
          void run?.say({ id: run.id, result: { nonce: run.nonce } }).catch(() => undefined);
        } else if ('cancel' in taken) stopsGiven[taken.cancel]?.abort('cancelled');
        else await worker.clock.advance(taken.passMs);
        await worker.settle();
        expect(worker.sandboxes.states().length).toBeLessThanOrEqual(4);
        expect(held.most).toBeLessThanOrEqual(concurrency);
      }
      for (let turn = 0; turn < 100; turn += 1) await worker.clock.advance(1_000);
      await Promise.all(ends);
      const cpu = worker.events.of('capacityChanged').findLast(({ resource }) => resource === 'cpu');
      expect(cpu?.usedRatio ?? 0).toBe(0);
    }),
    { numRuns: 60 },
  );
});
