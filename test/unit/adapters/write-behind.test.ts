// How long records of queued runs are held, how much of them, and what becomes of them when the store is away or refuses one.
import { describe, expect, test, vi } from 'vitest';
import { DEAR_COMMANDS } from '../../../src/adapters/write-behind/flush-sizes.ts';
import { runIdOf } from '../../../src/adapters/write-behind/run-id-of.ts';
import { WriteBehindStore, type WriteBehindOptions } from '../../../src/adapters/write-behind/write-behind-store.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { HangingStore } from '../../support/pipeline/hanging-store.ts';
import { buildInvocation, buildRun, newWorkerId, patient } from '../../support/store/build-records.ts';

const WINDOW_MS = 25;

function held(options: Partial<WriteBehindOptions> = {}) {
  const store = new HangingStore();
  const clock = new FakeClock();
  const events: DomainEvent[] = [];
  const logged: string[] = [];
  const behind: Store = new WriteBehindStore({
    ...{ store, clock, flushWithinMs: WINDOW_MS, storeTimeoutMs: 2_000, heldBytesMax: 1_000_000 },
    events: { emit: (event) => events.push(event) },
    logger: { log: (_, message) => logged.push(message) },
    ...options,
  });
  return { store, clock, events, logged, behind };
}

const queuedRun = (changes: Parameters<typeof buildRun>[0] = {}) => buildRun({ durability: 'queued', ...changes });

describe('records of queued runs', () => {
  test('are in the store when their time is over, as one group of one record each', async () => {
    const { store, clock, behind } = held();
    const worker = newWorkerId();
    const run = queuedRun({ state: 'running', worker, epoch: 1 });
    const invocation = buildInvocation(run.id, { state: 'running' });
    await behind.insertRun(run, patient());
    await behind.insertInvocation(invocation, patient());
    await behind.putPayload(run.id, 'data', '1', patient());
    await behind.putPayload(run.id, 'data', '2', patient());
    await behind.updateInvocation(invocation.id, { states: ['running'] }, { state: 'succeeded' }, patient());
    await behind.updateRun(run.id, { states: ['running'], epoch: 1, worker }, { state: 'succeeded' }, patient());
    await clock.advance(WINDOW_MS - 1);
    expect(store.counts.get('writeAll')).toBeUndefined();
    await clock.advance(1);
    expect(await store.findRun(run.id, patient())).toEqual({ ...run, state: 'succeeded' });
    expect(await store.listInvocations(run.id, patient())).toEqual([{ ...invocation, state: 'succeeded' }]);
    expect(await store.findPayload(run.id, 'data', patient())).toBe('2');
    expect(Object.fromEntries(store.counts)).toMatchObject({
      writeAll: 1,
      insertRun: 1,
      insertInvocation: 1,
      putPayload: 1,
    });
    expect(store.counts.get('updateRun')).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  test('go in few large groups to a store behind a network, and in smaller ones while it is slow', async () => {
    const { store, clock, behind } = held({ sizes: DEAR_COMMANDS });
    const insert = async (): Promise<void> => {
      for (let count = 0; count < 700; count += 1) await behind.insertRun(queuedRun(), patient());
    };
    await insert();
    await clock.advance(WINDOW_MS);
    expect(await store.countRuns({}, patient())).toBe(700);
    // Groups of 50, 100, 200 and 350 runs, the last one in two slices.
    expect(store.counts.get('writeAll')).toBe(5);
    const release = store.hold('writeAll');
    await insert();
    await clock.advance(WINDOW_MS);
    await clock.advance(1_000);
    release();
    await clock.advance(0);
    expect(await store.countRuns({}, patient())).toBe(1_400);
    // Groups of 400, which was slow, 200 and 100 runs.
    expect(store.counts.get('writeAll')).toBe(5 + 2 + 1 + 1);
  });

  test('go to the store in small slices, the oldest first, however many are held', async () => {
    const { store, behind } = held();
    const given: (RunId | null)[] = [];
    let mostAtOnce = 0;
    const writeAll = store.writeAll.bind(store);
    store.writeAll = (chains, options) => {
      mostAtOnce = Math.max(mostAtOnce, chains.length);
      given.push(...chains.map(runIdOf));
      return writeAll(chains, options);
    };
    const runs = Array.from({ length: 120 }, () => queuedRun());
    for (const run of runs) await behind.insertRun(run, patient());
    await behind.listRuns({}, { limit: 1 }, patient());
    expect(mostAtOnce).toBe(8);
    expect(given).toEqual(runs.map(({ id }) => id));
    for (const run of runs) expect(await store.findRun(run.id, patient())).toEqual(run);
  });

  test('of which a slice did not reach the store are written once more, those beside them are not', async () => {
    const { store, clock, behind, logged } = held();
    const given: (RunId | null)[] = [];
    const writeAll = store.writeAll.bind(store);
    store.writeAll = (chains, options) => {
      given.push(...chains.map(runIdOf));
      if (given.length === 16) return Promise.reject(new GantryError('STORE_UNAVAILABLE', 'away for a moment'));
      return writeAll(chains, options);
    };
    const runs = Array.from({ length: 20 }, () => queuedRun());
    for (const run of runs) await behind.insertRun(run, patient());
    const reading = behind.listRuns({}, { limit: 1 }, patient());
    await vi.waitUntil(() => logged.length > 0, { timeout: 30_000 });
    await clock.advance(25);
    await reading;
    const ids = runs.map(({ id }) => id);
    expect(given).toEqual([...ids, ...ids.slice(8, 16)]);
    for (const run of runs) expect(await store.findRun(run.id, patient())).toEqual(run);
  });

  test('wait for one group of a store that is behind, not for all of them', async () => {
    const { store, behind } = held({ heldBytesMax: 200_000 });
    const runs = Array.from({ length: 200 }, () => queuedRun());
    for (const run of runs) await behind.insertRun(run, patient());
    store.counts.clear();
    const one = queuedRun();
    await behind.insertRun(one, patient());
    expect(store.counts.get('writeAll')).toBeLessThan(runs.length / 8);
    await behind[Symbol.asyncDispose]();
    expect(await store.findRun(one.id, patient())).toEqual(one);
  });

  test('of stored runs are not held', async () => {
    const { store, behind } = held();
    const run = buildRun();
    await behind.insertRun(run, patient());
    expect(await store.findRun(run.id, patient())).toEqual(run);
  });

  test('of a run that goes on are changed in the store under a guard, and dropped when another worker has it', async () => {
    const { store, clock, behind } = held();
    const worker = newWorkerId();
    const run = queuedRun({ state: 'running', worker, epoch: 1 });
    await behind.insertRun(run, patient());
    await clock.advance(WINDOW_MS);
    await store.updateRun(run.id, { states: ['running'] }, { epoch: 2, worker: null }, patient());
    const guard = { states: ['running'], epoch: 1, worker } as const;
    expect(await behind.updateRun(run.id, guard, { state: 'succeeded' }, patient())).toBe(true);
    await clock.advance(WINDOW_MS);
    expect(await store.findRun(run.id, patient())).toMatchObject({ state: 'running', epoch: 2 });
    expect(await behind.updateRun(run.id, guard, { state: 'failed' }, patient())).toBe(false);
  });

  test('are seen by every reader before their time', async () => {
    const { behind } = held();
    const run = queuedRun();
    await behind.insertRun(run, patient());
    expect(await behind.findRun(run.id, patient())).toEqual(run);
    expect((await behind.listRuns({}, { limit: 5 }, patient())).items).toEqual([run]);
    expect(await behind.countQueued(run.pipeline, 5, patient())).toBe(1);
  });

  test('wait for a store that is away, and are written once it is back', async () => {
    const { store, clock, behind, logged } = held();
    const run = queuedRun();
    store.isAway = true;
    await behind.insertRun(run, patient());
    await clock.advance(10_000);
    expect(logged).toContain('records of runs wait for the store');
    store.isAway = false;
    await clock.advance(2_000);
    expect(await store.findRun(run.id, patient())).toEqual(run);
  });

  test('are refused with STORE_UNAVAILABLE when too many wait for a store that is away', async () => {
    const { store, clock, behind } = held({ heldBytesMax: 3_000 });
    store.isAway = true;
    for (let count = 0; count < 3; count += 1) await behind.insertRun(queuedRun(), patient());
    await clock.advance(WINDOW_MS);
    await expect(behind.insertRun(queuedRun(), patient())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    store.isAway = false;
    await clock.advance(2_000);
    expect(await behind.insertRun(queuedRun(), patient())).toEqual({ kind: 'inserted' });
  });

  test('make new runs wait when there are too many of them for a slow store', async () => {
    const { store, clock, behind } = held({ heldBytesMax: 2_000 });
    const release = store.hold('writeAll');
    for (let count = 0; count < 2; count += 1) await behind.insertRun(queuedRun(), patient());
    let isIn = false;
    const third = behind.insertRun(queuedRun(), patient()).then(() => (isIn = true));
    await clock.advance(1_000);
    expect(isIn).toBe(false);
    release();
    await third;
    expect(isIn).toBe(true);
  });

  test('that the store refuses take no others with them', async () => {
    const { store, clock, behind, logged } = held();
    const [bad, good] = [queuedRun(), queuedRun()];
    for (const run of [bad, good]) await behind.insertRun(run, patient());
    store.failNext('insertRun', new GantryError('STORE_FAILED', 'refused'));
    store.failNext('insertRun', new GantryError('STORE_FAILED', 'refused'));
    await clock.advance(WINDOW_MS);
    expect(await store.findRun(good.id, patient())).toEqual(good);
    expect(await store.findRun(bad.id, patient())).toBeNull();
    expect(logged).toContain('records of a run were refused by the store');
  });

  test('are written before the store is closed', async () => {
    const { store, behind } = held();
    const run = queuedRun();
    await behind.insertRun(run, patient());
    await behind[Symbol.asyncDispose]();
    expect(await store.findRun(run.id, patient())).toEqual(run);
  });

  test('keep one run per idempotency key, held or stored', async () => {
    const { clock, behind } = held();
    const run = queuedRun({ idempotencyKey: 'k' });
    await behind.insertRun(run, patient());
    const again = (): Promise<unknown> => behind.insertRun(queuedRun({ idempotencyKey: 'k' }), patient());
    expect(await again()).toEqual({ kind: 'exists', run });
    await clock.advance(WINDOW_MS);
    expect(await again()).toEqual({ kind: 'exists', run });
  });
});
