// Work with a deadline: who ends it, with which reason, and that no timer or listener stays behind.
import { describe, expect, it } from 'vitest';
import { deadlineWithin, raced, within } from '../../../src/core/deadline.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

describe('within', () => {
  it('gives the result and frees the timer', async () => {
    const clock = new FakeClock();
    expect(await within(clock, 1000, null, () => Promise.resolve(7))).toBe(7);
    expect(clock.pendingTimers).toBe(0);
  });

  it('passes on the failure and frees the timer', async () => {
    const clock = new FakeClock();
    await expect(within(clock, 1000, null, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(clock.pendingTimers).toBe(0);
  });

  it('aborts the work at the deadline, not before', async () => {
    const clock = new FakeClock();
    let ended: unknown = null;
    const work = within(clock, 1000, null, untilAborted).catch((error: unknown) => {
      ended = error;
    });
    await clock.advance(999);
    expect(ended).toBeNull();
    await clock.advance(1);
    await work;
    expect(ended).toMatchObject({ name: 'TimeoutError' });
  });

  it('aborts the work with the reason of the outer signal', async () => {
    const clock = new FakeClock();
    const outer = new AbortController();
    const work = within(clock, 1000, outer.signal, untilAborted);
    outer.abort('cancelled');
    await expect(work).rejects.toBe('cancelled');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('deadlineWithin', () => {
  it('aborts for whichever of the two comes first, also when the outer one came before', async () => {
    const clock = new FakeClock();
    const outer = new AbortController();
    using own = deadlineWithin(clock, 1000, outer.signal);
    await clock.advance(1000);
    expect(own.signal.reason).toMatchObject({ name: 'TimeoutError' });
    using other = deadlineWithin(clock, 1000, outer.signal);
    outer.abort('cancelled');
    expect(other.signal.reason).toBe('cancelled');
    using late = deadlineWithin(clock, 1000, outer.signal);
    expect(late.signal.reason).toBe('cancelled');
  });

  it('leaves neither timer nor listener behind', () => {
    const clock = new FakeClock();
    const outer = new AbortController();
    const deadline = deadlineWithin(clock, 1000, outer.signal);
    deadline[Symbol.dispose]();
    outer.abort();
    expect(deadline.signal.aborted).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('raced', () => {
  it('settles as the work does', async () => {
    const { signal } = new AbortController();
    expect(await raced(Promise.resolve(7), signal)).toBe(7);
    await expect(raced(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
  });

  it('rejects with the reason of a signal that aborted before or meanwhile, and drops the late end of the work', async () => {
    const late = Promise.withResolvers<number>();
    const controller = new AbortController();
    const racing = raced(late.promise, controller.signal);
    controller.abort('lease_lost');
    await expect(racing).rejects.toBe('lease_lost');
    await expect(raced(late.promise, controller.signal)).rejects.toBe('lease_lost');
    late.reject(new Error('nobody listens any more'));
  });

  it('leaves no listener on a signal that outlives it', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>): void => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
      listeners -= 1;
      remove(...args);
    };
    await raced(Promise.resolve(1), signal);
    expect(listeners).toBe(0);
  });
});
