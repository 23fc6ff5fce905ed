// What sandboxes share: fair lines, tokens, the start gate, user slots, and how long a failing plugin is left alone.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { Backoff } from '../../../src/sandbox/pool/backoff.ts';
import { Demand } from '../../../src/sandbox/pool/demand.ts';
import { FairQueue } from '../../../src/sandbox/pool/fair-queue.ts';
import { Gate } from '../../../src/sandbox/pool/gate.ts';
import { Slots } from '../../../src/sandbox/container/slots.ts';
import { Tokens } from '../../../src/sandbox/pool/tokens.ts';
import { settleChains } from '../../support/clock/fake-clock.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

const never = new AbortController().signal;

describe('the fair queue', () => {
  test('serves the keys in turn and each key in order', () => {
    const queue = new FairQueue<string>();
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.push(item.charAt(0), item);
    expect(Array.from({ length: 7 }, () => queue.shift())).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', null]);
  });

  test('forgets who left', () => {
    const queue = new FairQueue<string>();
    queue.push('a', 'a1');
    queue.push('b', 'b1');
    expect(queue.remove('a', 'a1')).toBe(true);
    expect(queue.remove('a', 'a1')).toBe(false);
    expect([queue.peek(), queue.size]).toEqual(['b1', 1]);
  });
});

describe('tokens', () => {
  test('are never promised twice and all come back, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ amount: fc.integer({ min: 1, max: 12 }), key: fc.constantFrom('a', 'b') })),
        async (asks) => {
          let greatest = 0;
          const tokens = new Tokens(8, (ratio) => (greatest = Math.max(greatest, ratio)));
          const works = asks.map(async ({ amount, key }, index) => {
            const stop = new AbortController();
            if (index % 5 === 4) queueMicrotask(stop.abort.bind(stop, new Error('gave up')));
            const holding = await tokens.take(key, amount, stop.signal).catch(() => null);
            await Promise.resolve();
            holding?.release();
            holding?.release();
          });
          await Promise.all(works);
          expect(greatest).toBeLessThanOrEqual(1);
          expect([tokens.usedRatio, tokens.waiting]).toEqual([0, 0]);
        },
      ),
    );
  });

  test('do not let a small ask slip past a big one that waits', async () => {
    const tokens = new Tokens(4, () => undefined);
    const first = await tokens.take('a', 3, never);
    const big = tokens.take('a', 4, never);
    expect(tokens.tryTake(1)).toBeNull();
    first.release();
    (await big).release();
    expect(tokens.tryTake(1)).not.toBeNull();
  });

  test('come back once, however often they are given back', async () => {
    const tokens = new Tokens(4, () => undefined);
    const held = [await tokens.take('a', 2, never), await tokens.take('a', 2, never)];
    held[0]?.release();
    held[0]?.release();
    expect(tokens.usedRatio).toBe(0.5);
  });

  test('reject with the reason when somebody gives up, and serve the next', async () => {
    const tokens = new Tokens(2, () => undefined);
    const held = await tokens.take('a', 1, never);
    const stop = new AbortController();
    const big = tokens.take('a', 2, stop.signal);
    const small = tokens.take('b', 1, never);
    stop.abort(new Error('too long'));
    await expect(big).rejects.toThrow('too long');
    (await small).release();
    held.release();
    expect(tokens.usedRatio).toBe(0);
  });
});

test('the gate lets its width in, the urgent first', async () => {
  const gate = new Gate(() => 1);
  const order: string[] = [];
  const open = Promise.withResolvers<undefined>();
  const enter = (name: string, isUrgent: boolean): Promise<unknown> =>
    gate.run(
      () => isUrgent,
      () => Promise.resolve(order.push(name)),
    );
  const works = [
    gate.run(
      () => true,
      () => open.promise,
    ),
    enter('filling', false),
    enter('urgent', true),
  ];
  await settleChains();
  expect(order).toEqual([]);
  open.resolve(undefined);
  await Promise.all(works);
  expect(order).toEqual(['urgent', 'filling']);
});

test('the gate goes on after a failure', async () => {
  const gate = new Gate(() => 1);
  await expect(
    gate.run(
      () => true,
      () => Promise.reject(new Error('no')),
    ),
  ).rejects.toThrow('no');
  await expect(
    gate.run(
      () => true,
      () => Promise.resolve(1),
    ),
  ).resolves.toBe(1);
});

test('slots are unique among the living and come round last', () => {
  const slots = new Slots(3);
  expect([slots.take(), slots.take()]).toEqual([0, 1]);
  slots.free(0);
  expect([slots.take(), slots.take()]).toEqual([2, 0]);
});

test('backoff doubles from 1 s to 60 s, a fifth shorter at most, and ends with a success', () => {
  const backoff = new Backoff<string>(new SystemIds());
  for (const longMs of [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000)) {
    backoff.fail(0, 'broken');
    expect([backoff.reasonAt(longMs * 0.8 - 1), backoff.reasonAt(longMs)]).toEqual(['broken', null]);
  }
  backoff.succeed();
  expect(backoff.reasonAt(0)).toBeNull();
});

test('demand wants one while in use, as many as come during a start under load, min and max always', () => {
  const limits = poolLimits({ min: 0, max: 4, idleMs: 60_000 });
  const demand = new Demand();
  expect(demand.target(0, limits)).toBe(0);
  expect(demand.target(0, { ...limits, min: 2 })).toBe(2);
  demand.note(0);
  expect([demand.target(59_999, limits), demand.target(60_000, limits)]).toEqual([1, 0]);
  for (let index = 0; index < 100; index += 1) demand.note(70_000);
  expect(demand.target(70_000, limits)).toBe(2);
  expect(demand.target(70_000, { ...limits, max: 1 })).toBe(1);
});
