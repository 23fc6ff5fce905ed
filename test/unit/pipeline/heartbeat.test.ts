// A worker counts as living as long as a beat was acknowledged lately, whether this loop sends the beats or a thread of their own does.
import { expect, test } from 'vitest';
import type { BeatSettings, BeatThread } from '../../../src/core/ports/beat-thread.ts';
import { Heartbeat } from '../../../src/pipeline/worker/heartbeat.ts';
import { FakeClock } from '../../support/clock/fake-clock.ts';
import { SETTINGS } from '../../support/pipeline/run-world.ts';
import { newWorkerId } from '../../support/store/build-records.ts';
import { MemoryStore } from '../../support/store/memory-store.ts';

class FakeThread implements BeatThread {
  readonly #clock: FakeClock;
  pulses = 0;
  ackAtMs: number | null = null;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  pulse(): void {
    this.pulses += 1;
  }

  ackAgeMs(): number | null {
    return this.ackAtMs === null ? null : this.#clock.monotonicMs() - this.ackAtMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }
}

async function openThreaded(isOnlyWorker = false): Promise<{
  clock: FakeClock;
  thread: FakeThread;
  heartbeat: Heartbeat;
  begun: BeatSettings[];
  silences: () => number;
}> {
  const clock = new FakeClock();
  const thread = new FakeThread(clock);
  const begun: BeatSettings[] = [];
  let silences = 0;
  const startBeats = (settings: BeatSettings): BeatThread => {
    begun.push(settings);
    return thread;
  };
  const ports = { store: new MemoryStore(), clock, logger: { log: () => undefined }, startBeats };
  const heartbeat = new Heartbeat(ports, { ...SETTINGS, isOnlyWorker, workerId: newWorkerId() }, () => {
    silences += 1;
  });
  await heartbeat.start();
  return { clock, thread, heartbeat, begun, silences: () => silences };
}

/** Time passes; the thread's beats are acknowledged once a second unless it is silent. */
async function pass(clock: FakeClock, thread: FakeThread, seconds: number, isHeard: boolean): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await clock.advance(1_000);
    if (isHeard) thread.ackAtMs = clock.monotonicMs();
  }
}

test('pulses the thread of the beats, and lives by what it had acknowledged', async () => {
  const { clock, thread, heartbeat, begun, silences } = await openThreaded();
  expect(begun).toMatchObject([{ intervalMs: 3_000, stallMs: 5_000 }]);
  await pass(clock, thread, 60, true);
  expect(thread.pulses).toBeGreaterThan(60);
  expect([heartbeat.isAlive, silences()]).toEqual([true, 0]);
  await pass(clock, thread, 9, false);
  expect([heartbeat.isAlive, silences()]).toEqual([true, 0]);
  await pass(clock, thread, 2, false);
  expect([heartbeat.isAlive, silences()]).toEqual([false, 1]);
  await pass(clock, thread, 3, true);
  expect([heartbeat.isAlive, silences()]).toEqual([true, 1]);
});

test('stays alive over a pause of its own loop in which the thread went on', async () => {
  const { clock, thread, heartbeat, silences } = await openThreaded();
  await pass(clock, thread, 5, true);
  // The deadline of the beat before comes first; by then the thread has a younger one.
  thread.ackAtMs = clock.monotonicMs() + 9_500;
  await pass(clock, thread, 15, false);
  expect([heartbeat.isAlive, silences()]).toEqual([true, 0]);
  await pass(clock, thread, 6, false);
  expect([heartbeat.isAlive, silences()]).toEqual([false, 1]);
});

test('lets nothing go when it is the only worker, but claims nothing either until a beat is acknowledged again', async () => {
  const { clock, thread, heartbeat, silences } = await openThreaded(true);
  await pass(clock, thread, 5, true);
  await pass(clock, thread, 60, false);
  expect([heartbeat.isAlive, silences()]).toEqual([false, 0]);
  await pass(clock, thread, 3, true);
  expect([heartbeat.isAlive, silences()]).toEqual([true, 0]);
});
