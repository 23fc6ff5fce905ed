// How long the loop may rest when runs wait.
import { expect, it } from 'vitest';
import { WakeTimes } from '../../../src/pipeline/worker/wake-times.ts';
import { newRunId } from '../../support/store/build-records.ts';

const waiting = (readyAtMs: number) => ({ id: newRunId(), state: 'waiting' as const, readyAtMs });

it('lets the loop rest until the first waiting run is ready, and forgets it then', () => {
  const times = new WakeTimes();
  expect(times.untilNextMs(1_000)).toBe(Number.POSITIVE_INFINITY);
  expect(times.note(waiting(9_500), 1_000)).toBe(false);
  times.note(waiting(1_500), 1_000);
  expect(times.note(waiting(1_200), 1_000)).toBe(true);
  expect(times.untilNextMs(1_000)).toBe(200);
  expect(times.untilNextMs(1_300)).toBe(0);
  expect(times.untilNextMs(1_300)).toBe(200);
});

it('forgets a run that went on in another way', () => {
  const times = new WakeTimes();
  const run = waiting(1_200);
  times.note(run, 1_000);
  times.note({ ...run, state: 'cancelled' }, 1_100);
  expect(times.untilNextMs(1_100)).toBe(Number.POSITIVE_INFINITY);
});

it('leaves the far future to the look that is made anyway, and is bounded', () => {
  const times = new WakeTimes();
  times.note(waiting(61_001), 1_000);
  expect(times.untilNextMs(1_000)).toBe(Number.POSITIVE_INFINITY);
  for (let count = 0; count < 2_000; count += 1) times.note(waiting(50_000), 1_000);
  times.note(waiting(1_100), 1_000);
  expect(times.untilNextMs(1_000)).toBe(49_000);
});
