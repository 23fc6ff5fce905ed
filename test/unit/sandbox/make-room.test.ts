// Memory is promised once, and idle sandboxes give way before anybody waits for it: least valuable first, declared minimums last.
import { describe, expect, test } from 'vitest';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import { Demand } from '../../../src/sandbox/pool/demand.ts';
import { leastValuable, makeRoom, relieve, type Evictable, type Worth } from '../../../src/sandbox/pool/make-room.ts';
import { Tokens } from '../../../src/sandbox/pool/tokens.ts';
import { FakeWorker, HANGING } from '../../support/sandbox/fake-worker.ts';
import { streamProgram } from '../../support/sandbox/stream-program.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

const MiB = 1024 ** 2;

/** A pool of idle sandboxes with one worth each; tells in `order` who went. */
function pool(name: string, worths: Worth[], order: string[] = []): Evictable {
  return {
    get worth() {
      return worths[0] ?? null;
    },
    evict: () => {
      if (worths.shift() === undefined) return false;
      order.push(name);
      return true;
    },
  };
}

describe('room is made', () => {
  test('of surplus first, then of what demand wants, and of a minimum last; within that of the least worth', () => {
    const order: string[] = [];
    const pools = [
      pool('minimum', [{ tier: 'minimum', value: 0 }], order),
      pool('wanted', [{ tier: 'demand', value: 1 }], order),
      pool('dear', [{ tier: 'surplus', value: 9 }], order),
      pool(
        'cheap',
        [
          { tier: 'surplus', value: 2 },
          { tier: 'demand', value: 0 },
        ],
        order,
      ),
      pool('empty', [], order),
    ];
    makeRoom(pools, () => true, 'test');
    expect(order).toEqual(['cheap', 'dear', 'cheap', 'wanted', 'minimum']);
    expect(leastValuable(pools)).toBeNull();
  });

  test('as far as sandboxes go: one that ended meanwhile is no reason to look for ever', () => {
    const gone: Evictable = { worth: { tier: 'surplus', value: 0 }, evict: () => false };
    makeRoom([gone], () => true, 'test');
    relieve([gone], true, 'test');
    expect(leastValuable([gone])).toBe(gone);
  });

  test('no further than needed', () => {
    const order: string[] = [];
    makeRoom(
      [
        pool(
          'a',
          [
            { tier: 'surplus', value: 0 },
            { tier: 'surplus', value: 0 },
          ],
          order,
        ),
      ],
      () => order.length < 1,
      '',
    );
    expect(order).toEqual(['a']);
  });
});

test('a sandbox is worth more the dearer its start, the more it is asked for, and the later it was used', () => {
  const [quiet, dear, asked] = [new Demand(), new Demand(), new Demand()];
  for (let count = 0; count < 20; count += 1) dear.noteStart(8_000);
  for (let count = 0; count < 20; count += 1) asked.note(90_000);
  const worth = (demand: Demand, idleMs = 95_000): number => demand.worth(95_000, idleMs);
  expect(worth(quiet)).toBeLessThan(worth(quiet, 15_000));
  expect(worth(quiet)).toBeLessThan(worth(dear));
  expect(worth(quiet)).toBeLessThan(worth(asked));
});

test('tokens say how much those who wait lack together', async () => {
  const tokens = new Tokens(10, () => undefined);
  const held = await tokens.take('a', 8, new AbortController().signal);
  expect(tokens.shortBy).toBe(-2);
  const stop = new AbortController();
  const waiting = [tokens.take('a', 5, stop.signal), tokens.take('b', 6, new AbortController().signal)];
  expect(tokens.shortBy).toBe(9);
  stop.abort(new Error('gave up'));
  await expect(waiting[0]).rejects.toThrow('gave up');
  expect(tokens.shortBy).toBe(4);
  held.release();
  expect([(await waiting[1])?.amount, tokens.shortBy]).toEqual([6, -4]);
});

/** 1,000 MiB for sandboxes, and as many cores as anybody asks for. */
function small(): FakeWorker {
  const facts = { cpus: 2, memoryBytes: 1_000 * MiB, hasAppArmor: false };
  return new FakeWorker({ memoryShare: 1, cpuOvercommit: 100 }, facts);
}

function idle(worker: FakeWorker, mebibytes: number, changes: { min?: number; max?: number } = {}): PluginVersion {
  const pool = poolLimits({ idleMs: 60_000, ...changes });
  return worker.version('honest', { limits: { memoryBytes: mebibytes * MiB }, plugin: { pool } });
}

function hanging(worker: FakeWorker, mebibytes: number): PluginVersion {
  worker.programs.set('hang', HANGING);
  return worker.version('hang', { limits: { memoryBytes: mebibytes * MiB, timeoutMs: 600_000 } });
}

/** Plugins whose sandboxes were stopped to make room, in order. */
function evicted(worker: FakeWorker): readonly string[] {
  return worker.events
    .of('sandboxMoved')
    .flatMap(({ reason, to, plugin }) => (to === 'stopping' && reason === 'room for another plugin' ? [plugin] : []));
}

test('every live sandbox holds its memory limit, and gives it back when its container is dead', async () => {
  await using worker = small();
  worker.sandboxes.warm(idle(worker, 250));
  await worker.settle();
  worker.sandboxes.warm(idle(worker, 500));
  await worker.settle();
  const ratio = (): number =>
    worker.events.of('capacityChanged').findLast((one) => one.resource === 'memory')?.usedRatio ?? 0;
  expect(ratio()).toBe(0.75);
  for (const container of worker.engine.containers.values()) container.kill(137);
  await worker.settle();
  expect(ratio()).toBe(0);
});

test('idle sandboxes of others give way before anybody waits, and no more of them than it takes', async () => {
  await using worker = small();
  for (let count = 0; count < 4; count += 1) {
    worker.sandboxes.warm(idle(worker, 200));
    await worker.settle();
    await worker.clock.advance(1_000);
  }
  const ends = [hanging(worker, 400), hanging(worker, 200)].map((version) => worker.invoke(version));
  await worker.settle();
  expect([worker.count('busy'), worker.count('idle')]).toEqual([2, 2]);
  expect(evicted(worker)).toHaveLength(2);
  await worker.clock.advance(600_000);
  expect((await Promise.all(ends)).map(({ outcome }) => outcome.code)).toEqual(['timeout', 'timeout']);
});

test('what is left over from callers that went away gives way before what another plugin still uses', async () => {
  await using worker = small();
  const [left, steady] = [idle(worker, 100), idle(worker, 300)];
  const standing = (version: PluginVersion): number =>
    worker.sandboxes.states().filter(({ pluginVersion, state }) => pluginVersion === version.id && state === 'idle')
      .length;
  const release = worker.engine.calls.hold('startContainer');
  const stop = new AbortController();
  const ends = Array.from({ length: 4 }, () => worker.invoke(left, { stop: stop.signal }));
  await worker.settle();
  stop.abort('cancelled');
  await Promise.all(ends);
  release();
  worker.sandboxes.warm(steady);
  await worker.settle();
  await worker.clock.advance(1_000);
  expect([standing(left), standing(steady)]).toEqual([4, 1]);
  void worker.invoke(hanging(worker, 600));
  await worker.settle();
  expect([standing(left), standing(steady), worker.count('busy')]).toEqual([1, 1, 1]);
});

test('a declared minimum gives way last, but it does', async () => {
  await using worker = small();
  const [minimum, wanted] = [idle(worker, 400, { min: 1 }), idle(worker, 400)];
  worker.sandboxes.warm(minimum);
  await worker.settle();
  await worker.clock.advance(5_000);
  worker.sandboxes.warm(wanted);
  await worker.settle();
  const standing = (): string[] =>
    worker.sandboxes
      .states()
      .filter(({ state }) => state === 'idle')
      .map(({ pluginVersion }) => pluginVersion);
  void worker.invoke(hanging(worker, 600));
  await worker.settle();
  expect(standing()).toEqual([minimum.id]);
  void worker.invoke(hanging(worker, 400));
  await worker.settle();
  expect([standing(), worker.count('busy')]).toEqual([[], 2]);
});

test('a start that nobody waits for takes memory that is free, and takes it from nobody', async () => {
  await using worker = small();
  worker.sandboxes.warm(idle(worker, 600));
  await worker.settle();
  worker.sandboxes.warm(idle(worker, 600));
  await worker.settle();
  expect([worker.count('idle'), evicted(worker)]).toEqual([1, []]);
});

test('a sandbox that comes back idle while another plugin waits for memory makes room at once', async () => {
  await using worker = small();
  const release = Promise.withResolvers<undefined>();
  const act = async (): Promise<{ done: boolean }> => {
    await release.promise;
    return { done: true };
  };
  worker.programs.set('stream', streamProgram({ acts: { act } }));
  const warm = worker.version('stream', {
    plugin: { protocol: 'stream', reuse: 'warm' },
    limits: { memoryBytes: 800 * MiB, timeoutMs: 600_000 },
  });
  const input = Buffer.from(JSON.stringify({ act: 'act', invocation: { nonce: 'abc' } }));
  const first = worker.invoke(warm, { nonce: 'abc', input });
  await worker.settle();
  const second = worker.invoke(idle(worker, 400));
  await worker.settle();
  expect([worker.count('busy'), evicted(worker).length]).toEqual([1, 0]);
  release.resolve(undefined);
  await worker.settle();
  expect([(await first).outcome.code, (await second).outcome.code]).toEqual(['ok', 'ok']);
});
