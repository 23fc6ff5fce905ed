// How large pools are and how long sandboxes serve: as much as is asked for while one starts, and never all at the same instant.
import { describe, expect, test } from 'vitest';
import { Demand } from '../../../src/sandbox/pool/demand.ts';
import { randomPart } from '../../../src/sandbox/jitter.ts';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { streamProgram } from '../../support/sandbox/stream-program.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

/** When sandboxes were stopped for the reason, second by second. */
async function stopsBySecond(worker: FakeWorker, reason: string, seconds: number): Promise<readonly number[]> {
  const stopped: number[] = [];
  for (let second = 1; second <= seconds; second += 1) {
    await worker.clock.advance(1_000);
    const all = worker.events.of('sandboxMoved').filter((move) => move.to === 'stopping' && move.reason === reason);
    while (stopped.length < all.length) stopped.push(second);
  }
  return stopped;
}

function warm(worker: FakeWorker, limits: Parameters<typeof poolLimits>[0]): ReturnType<FakeWorker['version']> {
  worker.programs.set('stream', streamProgram());
  return worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm', pool: poolLimits(limits) } });
}

const input = Buffer.from('{"invocation":{"nonce":"abc"}}');

describe('the size wanted', () => {
  const limits = poolLimits({ min: 0, max: 64, idleMs: 60_000 });

  test.each([
    [10, 1_000, 10],
    [20, 500, 10],
    [2, 2_000, 4],
    [0.5, 200, 1],
  ])('at %d invocations per second and starts of %d ms is %d', (perSecond, startMs, wanted) => {
    const demand = new Demand();
    for (let count = 0; count < 100; count += 1) demand.noteStart(startMs);
    for (let count = 0; count < perSecond * 10; count += 1) demand.note(1_000 + (count * 1_000) / perSecond);
    expect(demand.target(10_900, limits)).toBe(wanted);
  });

  test('falls to one when the rush is over, to the minimum when nobody comes any more, and never leaves its bounds', () => {
    const demand = new Demand();
    for (let count = 0; count < 500; count += 1) demand.note(0);
    expect(demand.target(0, limits)).toBe(10);
    expect(demand.target(0, { ...limits, max: 3 })).toBe(3);
    expect(demand.target(10_000, limits)).toBe(1);
    expect(demand.target(60_000, limits)).toBe(0);
    expect(demand.target(60_000, { ...limits, min: 2 })).toBe(2);
  });
});

describe('what began together does not end together:', () => {
  test('sandboxes of one pool grow old within a tenth around their age', async () => {
    await using worker = new FakeWorker();
    await worker.sandboxes.start();
    worker.sandboxes.warm(warm(worker, { min: 12, max: 24, maxAgeMs: 100_000, idleMs: 1_000 }));
    const stopped = (await stopsBySecond(worker, 'old', 112)).slice(0, 12);
    expect(stopped).toHaveLength(12);
    expect(new Set(stopped).size).toBeGreaterThan(1);
    for (const second of stopped) expect(Math.abs(second - 100.5)).toBeLessThanOrEqual(11);
  });

  test('pools let go of what is idle up to a tenth before its time, never after', async () => {
    await using worker = new FakeWorker();
    await worker.sandboxes.start();
    for (let count = 0; count < 12; count += 1)
      worker.sandboxes.warm(worker.version('honest', { plugin: { pool: poolLimits({ idleMs: 100_000 }) } }));
    await worker.settle();
    expect(worker.count('idle')).toBe(12);
    const stopped = await stopsBySecond(worker, 'idle', 102);
    expect(stopped).toHaveLength(12);
    for (const second of stopped) expect(second).toBeGreaterThanOrEqual(90);
  });

  test.each([
    [10, 10],
    [200, 181],
  ])('a sandbox serves at most %d invocations, and at least %d', async (most, least) => {
    await using worker = new FakeWorker();
    const version = warm(worker, { max: 1, maxInvocations: most });
    const served = new Map<string, number>();
    for (let count = 0; count < most * 2; count += 1) {
      const { sandboxId } = await worker.invoke(version, { nonce: 'abc', input });
      served.set(sandboxId ?? '', (served.get(sandboxId ?? '') ?? 0) + 1);
      await worker.settle();
    }
    const [first = 0] = served.values();
    expect(first).toBeGreaterThanOrEqual(least);
    expect(first).toBeLessThanOrEqual(most);
  });

  test('a random part is none to one', () => {
    expect(randomPart({ newId: () => 'x' as never, randomHex: () => '0000' })).toBe(0);
    expect(randomPart({ newId: () => 'x' as never, randomHex: () => 'ffff' })).toBeLessThan(1);
  });
});

test('a container is removed off the path: nobody waits for it, and it holds neither memory nor a place', async () => {
  await using worker = new FakeWorker();
  const version = worker.version('honest', { plugin: { pool: poolLimits({ max: 2 }) } });
  const release = worker.engine.calls.hold('removeContainer');
  for (let count = 0; count < 10; count += 1) expect((await worker.invoke(version)).outcome.code).toBe('ok');
  await worker.settle();
  expect(worker.engine.containers.size).toBeGreaterThanOrEqual(10);
  const memory = worker.events.of('capacityChanged').findLast(({ resource }) => resource === 'memory');
  expect((memory?.usedRatio ?? 1) * 4 * 0.8 * 8).toBeCloseTo(worker.count('idle'));
  release();
  await worker.settle();
  expect(worker.engine.containers.size).toBe(worker.count('idle'));
});
