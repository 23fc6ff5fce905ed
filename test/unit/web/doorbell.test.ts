// No ring is lost, no timer stays behind.
import { describe, expect, it } from 'vitest';
import { Doorbell } from '../../../src/web/live/doorbell.ts';
import { LiveSlots } from '../../../src/web/live/live-slots.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';

describe('Doorbell', () => {
  it('wakes the waiter at once', async () => {
    const clock = new FakeClock();
    const bell = new Doorbell();
    const waited = bell.wait(clock, 60_000, new AbortController().signal);
    bell.ring();
    expect(await waited).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps a ring that came before the wait, once', async () => {
    const clock = new FakeClock();
    const bell = new Doorbell();
    const { signal } = new AbortController();
    bell.ring();
    bell.ring();
    expect(await bell.wait(clock, 1_000, signal)).toBe(true);
    const second = bell.wait(clock, 1_000, signal);
    await clock.advance(1_000);
    expect(await second).toBe(false);
  });

  it('rejects when the reader leaves', async () => {
    const abort = new AbortController();
    const waited = new Doorbell().wait(new FakeClock(), 1_000, abort.signal);
    abort.abort(new Error('left'));
    await expect(waited).rejects.toThrow('left');
  });
});

describe('LiveSlots', () => {
  it('refuses past the bound and gives a slot back once only', () => {
    const slots = new LiveSlots(1);
    const slot = slots.take();
    expect(() => slots.take()).toThrow('1 live streams');
    slot[Symbol.dispose]();
    slot[Symbol.dispose]();
    expect(slots.taken).toBe(0);
  });
});
