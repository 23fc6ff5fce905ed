// One timer stands for the deadlines of all who wait: each comes when it is due, in no other's place, and no timer is left behind.
import { expect, test } from 'vitest';
import { Deadlines } from '../../../src/sandbox/deadlines.ts';
import { FakeClock, settleChains } from '../../support/clock/fake-clock.ts';

function linedUp(dueAfterMs: readonly number[]): {
  readonly clock: FakeClock;
  readonly deadlines: Deadlines;
  readonly come: number[];
  readonly entries: readonly (() => void)[];
} {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const come: number[] = [];
  const entries = dueAfterMs.map((afterMs) => () => {
    come.push(afterMs);
  });
  for (const [index, entry] of entries.entries()) deadlines.add(entry, clock.monotonicMs() + (dueAfterMs[index] ?? 0));
  return { clock, deadlines, come, entries };
}

test('each deadline comes once and in time, in whatever order they were set', async () => {
  const { clock, come } = linedUp([300, 100, 200, 100]);
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

test('one that is deleted never comes, and the last one takes the timer with it', async () => {
  const { clock, deadlines, come, entries } = linedUp([100, 200]);
  for (const entry of entries.slice(0, 1)) deadlines.delete(entry);
  await clock.advance(150);
  expect(come).toEqual([]);
  for (const entry of entries) deadlines.delete(entry);
  await settleChains();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(1_000);
  expect(come).toEqual([]);
});

test('a deadline that is set while another comes is kept', async () => {
  const { clock, deadlines, come } = linedUp([]);
  const again = (): void => {
    come.push(clock.monotonicMs());
    if (come.length === 1) deadlines.add(again, clock.monotonicMs() + 50);
  };
  const startMs = clock.monotonicMs();
  deadlines.add(again, startMs + 100);
  await clock.advance(100);
  await clock.advance(50);
  expect(come).toEqual([startMs + 100, startMs + 150]);
  expect(clock.pendingTimers).toBe(0);
});
