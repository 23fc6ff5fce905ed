// One timer stands for the deadlines of many: each comes when it is due, whatever others do.
import { expect, test } from 'vitest';
import { CoarseDeadlines } from '../../../src/core/coarse-deadlines.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';

function set(dueAfterMs: readonly number[]) {
  const clock = new FakeClock();
  const deadlines = new CoarseDeadlines(clock);
  const come: number[] = [];
  const entries = dueAfterMs.map((afterMs) => deadlines.after(afterMs, () => come.push(afterMs)));
  return { clock, deadlines, come, entries };
}

test('each deadline comes once and in time, in whatever order they were set', async () => {
  const { clock, come } = set([300, 100, 200, 100]);
  await clock.advance(99);
  expect(come).toEqual([]);
  await clock.advance(1);
  expect(come).toEqual([100, 100]);
  await clock.advance(150);
  expect(come).toEqual([100, 100, 200]);
  await clock.advance(1_000);
  expect(come).toEqual([100, 100, 200, 300]);
  expect(clock.pendingTimers).toBe(0);
});

test('one that is taken back never comes, and keeps no other from coming', async () => {
  const { clock, come, entries } = set([100, 200]);
  entries[0]?.[Symbol.dispose]();
  await clock.advance(1_000);
  expect(come).toEqual([200]);
});

test('thousands of them are one timer, which their end takes along', () => {
  const { clock, deadlines } = set(Array.from({ length: 1_000 }, (_, index) => 1_000 + (index % 7)));
  expect(clock.pendingTimers).toBe(1);
  deadlines[Symbol.dispose]();
  expect(clock.pendingTimers).toBe(0);
});

test('a deadline that is set while another comes is kept', async () => {
  const { clock, deadlines, come } = set([]);
  deadlines.after(100, () => {
    come.push(100);
    deadlines.after(50, () => come.push(150));
  });
  await clock.advance(149);
  expect(come).toEqual([100]);
  await clock.advance(1);
  expect(come).toEqual([100, 150]);
});

test('a wait that is longer than a timer can be is not over early', async () => {
  const { clock, come } = set([2 ** 32]);
  await clock.advance(2 ** 31);
  expect(come).toEqual([]);
  await clock.advance(2 ** 31);
  expect(come).toEqual([2 ** 32]);
});
