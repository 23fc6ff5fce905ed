// The backstop under the invoker's promise to settle.
import { describe, expect, test } from 'vitest';
import type { InvocationEnd } from '../../../src/core/ports/invoker.ts';
import { settleAfterStop, STOP_WAIT_MS } from '../../../src/pipeline/invocation/settle-after-stop.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { endOf, OK } from '../../support/pipeline/fake-invoker.ts';

const mute = (): Promise<InvocationEnd> => new Promise(() => undefined);

describe('settleAfterStop', () => {
  test.each(['before', 'after'])('gives a mute invocation up that was stopped %s it began', async (when) => {
    const clock = new FakeClock();
    const stop = new AbortController();
    if (when === 'before') stop.abort('cancelled');
    const settling = settleAfterStop(clock, stop.signal, mute());
    if (when === 'after') stop.abort('cancelled');
    await clock.advance(STOP_WAIT_MS);
    expect((await settling).outcome.code).toBe('lost');
    expect(clock.pendingTimers).toBe(0);
  });

  test('gives the end that comes in time, and leaves no timer', async () => {
    const clock = new FakeClock();
    const end = endOf(OK, { n: 1 }, null);
    expect(await settleAfterStop(clock, AbortSignal.abort('cancelled'), Promise.resolve(end))).toBe(end);
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });

  test('swallows a rejection that comes after it gave up', async () => {
    const clock = new FakeClock();
    const late = Promise.withResolvers<InvocationEnd>();
    const settling = settleAfterStop(clock, AbortSignal.abort('cancelled'), late.promise);
    await clock.advance(STOP_WAIT_MS);
    await settling;
    late.reject(new Error('too late'));
    await clock.advance(0);
    expect((await settling).outcome.code).toBe('lost');
  });
});
