// No run of a worker that lives is taken for overdue by a clock alone.
import { expect, test } from 'vitest';
import { OverdueWatch } from '../../../src/pipeline/worker/overdue-watch.ts';
import { newRunId } from '../../support/store/build-records.ts';

const LEASE_MS = 15_000;
const HOUR_MS = 3_600_000;
const run = { id: newRunId(), epoch: 1, startedAtMs: HOUR_MS, deadlineAtMs: HOUR_MS + 60_000 };

test('believes no deadline before the run was seen at work for its whole time, whatever the clock says', () => {
  const watch = new OverdueWatch();
  const at = (monotonicMs: number) => watch.isOverdue(run, LEASE_MS, { nowMs: 3 * HOUR_MS, monotonicMs });
  watch.see([run], 1_000);
  expect(at(1_000)).toBe(false);
  watch.see([run], 40_000);
  expect(at(60_999)).toBe(false);
  expect(at(61_000)).toBe(true);
});

test('gives a run that is within its time by the clock that time, and the lease', () => {
  const watch = new OverdueWatch();
  watch.see([run], 0);
  const at = (nowMs: number) => watch.isOverdue(run, LEASE_MS, { nowMs, monotonicMs: HOUR_MS });
  expect(at(run.deadlineAtMs + LEASE_MS)).toBe(false);
  expect(at(run.deadlineAtMs + LEASE_MS + 5_001)).toBe(true);
});

test('begins anew when another worker has the run, and forgets runs that are not at work any more', () => {
  const watch = new OverdueWatch();
  const later = { ...run, epoch: 2 };
  const clock = { nowMs: 3 * HOUR_MS, monotonicMs: 70_000 };
  watch.see([run], 0);
  watch.see([later], 50_000);
  expect(watch.isOverdue(later, LEASE_MS, clock)).toBe(false);
  watch.see([run], 60_000);
  expect(watch.isOverdue(run, LEASE_MS, clock)).toBe(false);
});
