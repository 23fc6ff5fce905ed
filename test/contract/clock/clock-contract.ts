// The contract of the Clock port. The fake passes it as the system's clock does, so what is proven with the fake holds outside of tests.
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/ports/clock.ts';

export interface ClockUnderTest {
  readonly clock: Clock;
  /** Lets at least `durationMs` of the clock's time go by. */
  readonly pass: (durationMs: number) => Promise<void>;
}

export function describeClock(name: string, make: () => ClockUnderTest): void {
  describe(`the clock contract: ${name}`, () => {
    it('tells unix milliseconds', () => {
      const { clock } = make();
      expect(clock.nowMs()).toBeGreaterThan(Date.UTC(2020, 0, 1));
      expect(Number.isFinite(clock.monotonicMs())).toBe(true);
    });

    it('never lets the monotonic time go back, and moves it on with time', async () => {
      const { clock, pass } = make();
      const before = clock.monotonicMs();
      await pass(20);
      expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(19);
    });

    it('sleeps no less than it was asked to', async () => {
      const { clock, pass } = make();
      const before = clock.monotonicMs();
      const slept = clock.sleep(20).then(() => clock.monotonicMs() - before);
      await pass(20);
      expect(await slept).toBeGreaterThanOrEqual(19);
    });

    it('wakes sleepers in the order of their times', async () => {
      const { clock, pass } = make();
      const woken: string[] = [];
      const sleepers = [
        clock.sleep(120).then(() => woken.push('late')),
        clock.sleep(10).then(() => woken.push('early')),
      ];
      await pass(120);
      await Promise.all(sleepers);
      expect(woken).toEqual(['early', 'late']);
    });

    it('rejects a sleep with the reason of its signal, also of one that aborted before', async () => {
      const { clock } = make();
      const controller = new AbortController();
      const sleeping = clock.sleep(1_000_000, controller.signal);
      controller.abort('no longer wanted');
      await expect(sleeping).rejects.toBe('no longer wanted');
      await expect(clock.sleep(0, controller.signal)).rejects.toBe('no longer wanted');
    });

    it('aborts a deadline after its time with a TimeoutError', async () => {
      const { clock, pass } = make();
      using deadline = clock.deadline(20);
      expect(deadline.signal.aborted).toBe(false);
      const aborted = new Promise((resolve) => {
        deadline.signal.addEventListener('abort', resolve);
      });
      await pass(20);
      await aborted;
      expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError' });
    });

    it('never aborts a deadline that was disposed of', async () => {
      const { clock, pass } = make();
      const deadline = clock.deadline(5);
      deadline[Symbol.dispose]();
      await pass(30);
      expect(deadline.signal.aborted).toBe(false);
    });
  });
}
