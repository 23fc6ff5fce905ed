// How long the engine was away, from events and a clock.
import { expect, test } from 'vitest';
import { EngineOutage } from '../../../src/observe/engine-outage.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';

test('counts the time of every outage once, and tells of the one that lasts', async () => {
  const clock = new FakeClock();
  const outage = new EngineOutage(clock);
  await clock.advance(5_000);
  expect([outage.current, outage.totalMs]).toEqual([null, 0]);
  outage.record({ kind: 'engineLost', message: 'gone' });
  await clock.advance(2_000);
  outage.record({ kind: 'engineLost', message: 'still gone' });
  await clock.advance(1_000);
  expect([outage.current, outage.totalMs]).toEqual([{ message: 'gone', forMs: 3_000 }, 3_000]);
  outage.record({ kind: 'engineFound' });
  await clock.advance(10_000);
  expect([outage.current, outage.totalMs]).toEqual([null, 3_000]);
  outage.record({ kind: 'engineLost', message: 'again' });
  await clock.advance(500);
  expect(outage.totalMs).toBe(3_500);
});
