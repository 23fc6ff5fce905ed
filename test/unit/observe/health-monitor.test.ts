// Health is asked seldom, never hangs and never rejects.
import { describe, expect, it } from 'vitest';
import { HealthMonitor } from '../../../src/observe/health-monitor.ts';
import { FakeClock, settleChains } from '../../support/clock/fake-clock.ts';

describe('HealthMonitor', () => {
  it('is ready while every required component is up, whatever the others are', async () => {
    const up = { name: 'store', isRequired: true, check: () => Promise.resolve('sqlite') };
    const down = { name: 'extra', isRequired: false, check: () => Promise.reject(new Error('away')) };
    const state = await new HealthMonitor([up, down], new FakeClock()).health();
    expect(state).toEqual({
      isReady: true,
      components: [
        { name: 'store', isUp: true, message: 'sqlite' },
        { name: 'extra', isUp: false, message: 'away' },
      ],
    });
  });

  it('counts a check that hangs as down', async () => {
    const clock = new FakeClock();
    const hung = { name: 'engine', isRequired: true, check: () => new Promise<string>(() => undefined) };
    const state = new HealthMonitor([hung], clock).health();
    await clock.advance(3_000);
    expect((await state).isReady).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks once for callers at the same time, and again after a second', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const check = { name: 'store', isRequired: true, check: () => Promise.resolve(String((asked += 1))) };
    const monitor = new HealthMonitor([check], clock);
    await Promise.all([monitor.health(), monitor.health()]);
    expect(asked).toBe(1);
    await clock.advance(1_000);
    await monitor.health();
    await settleChains();
    expect(asked).toBe(2);
  });
});
