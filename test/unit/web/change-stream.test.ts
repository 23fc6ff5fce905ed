// What panel pages hear of runs that another program works on.
import { expect, it } from 'vitest';
import { streamChanges } from '../../../src/web/live/change-stream.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { buildRun, patient } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

const silent = { subscribe: () => ({ [Symbol.dispose]: () => undefined }) };

it.each([
  [true, 'changed'],
  [false, ': beat'],
] as const)('tells that a run went on in another program where the store is shared: %s', async (sharesStore, said) => {
  const [clock, store, gone] = [new FakeClock(), new MemoryStore(), new AbortController()];
  const run = buildRun();
  await store.insertRun(run, patient());
  const stream = streamChanges({ events: silent, clock, store, sharesStore }, gone.signal);
  await stream.next();
  const next = stream.next();
  await clock.advance(100);
  await store.updateRun(run.id, { states: ['queued'] }, { state: 'running' }, patient());
  for (let passedMs = 0; passedMs < 12_000; passedMs += 500) await clock.advance(500);
  expect((await next).value).toContain(said);
  const end = stream.next().catch(() => null);
  gone.abort();
  await end;
});
