// Log lines on their way to the store: in order, bounded, and with a word about what was dropped.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { LogBuffer } from '../../../src/pipeline/records/log-buffer.ts';
import { FakeClock, settleChains } from '../../support/clock/fake-clock.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { buildLogLine, patient } from '../../support/store/build-records.ts';

function newBuffer() {
  const store = new HangingStore();
  const clock = new FakeClock();
  const buffer = new LogBuffer({ store, clock, logger: { log: () => undefined } }, { storeTimeoutMs: 1_000 });
  const messages = async (): Promise<readonly string[]> =>
    (await store.listLogs({ limit: 100_000 }, patient())).map(({ message }) => message);
  return { store, clock, buffer, messages };
}

describe('LogBuffer', () => {
  test('stores lines in order, in batches', async () => {
    const { store, buffer, messages } = newBuffer();
    const lines = Array.from({ length: 1_200 }, (_, index) => String(index));
    for (const line of lines) buffer.add(buildLogLine(null, line));
    await buffer.flush();
    expect(await messages()).toEqual(lines);
    expect(store.counts.get('appendLogs')).toBe(3);
  });

  test('tries a batch again, then gives it up, and goes on with the next', async () => {
    const { store, clock, buffer, messages } = newBuffer();
    store.failNext('appendLogs', new GantryError('STORE_UNAVAILABLE', 'cut'));
    buffer.add(buildLogLine(null, 'kept'));
    await clock.advance(1_000);
    store.isAway = true;
    buffer.add(buildLogLine(null, 'given up'));
    await clock.advance(1_000);
    store.isAway = false;
    buffer.add(buildLogLine(null, 'next'));
    await buffer.flush();
    expect(await messages()).toEqual(['kept', 'next']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('drops lines that the store cannot take in time, and says how many', async () => {
    const { store, buffer, messages } = newBuffer();
    const release = store.hold('appendLogs');
    buffer.add(buildLogLine(null, 'first'));
    await settleChains();
    for (let index = 0; index < 20_007; index += 1) buffer.add(buildLogLine(null, 'more'));
    release();
    await buffer.flush();
    const all = await messages();
    expect(all).toHaveLength(20_002);
    expect(all.at(-1)).toBe('7 log lines were dropped: the store was too slow');
  });

  test('bounds the memory of few but huge lines', async () => {
    const { store, buffer, messages } = newBuffer();
    const release = store.hold('appendLogs');
    buffer.add(buildLogLine(null, 'first'));
    await settleChains();
    for (let index = 0; index < 20; index += 1) buffer.add(buildLogLine(null, 'x'.repeat(1024 * 1024)));
    release();
    await buffer.flush();
    expect(await messages()).toHaveLength(18);
  });
});
