// Both clocks under the one contract.
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { describeClock } from './clock-contract.ts';

describeClock('SystemClock', () => {
  const clock = new SystemClock();
  return { clock, pass: (durationMs) => clock.sleep(durationMs) };
});

describeClock('FakeClock', () => {
  const clock = new FakeClock();
  return { clock, pass: (durationMs) => clock.advance(durationMs) };
});
