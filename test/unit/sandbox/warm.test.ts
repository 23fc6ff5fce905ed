// Sandboxes that serve again, over the fake engine and clock: reused only while sound, clean, young, and for the same secrets.
import { describe, expect, test } from 'vitest';
import type { PluginVersion, Plugin } from '../../../src/core/plugin.ts';
import type { InvocationRequest } from '../../../src/core/ports/invoker.ts';
import type { CgroupUsage } from '../../../src/core/ports/usage-meter.ts';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { streamProgram, type StreamProgramOptions } from '../../support/sandbox/stream-program.ts';

const MiB = 1024 * 1024;
const CLEAN: CgroupUsage = {
  cpuTimeMs: 5,
  memoryBytes: 10 * MiB,
  memoryPeakBytes: 12 * MiB,
  anonBytes: 8 * MiB,
  shmemBytes: 0,
  pids: 1,
  oomKills: 0,
  throttledMs: 0,
  pidsRefused: 0,
};
const POOL = { min: 0, max: 4, idleMs: 300_000, maxInvocations: 1_000, maxAgeMs: 3_600_000 };

function plugin(
  worker: FakeWorker,
  changes: Partial<Omit<Plugin, 'limits'>> = {},
  options: StreamProgramOptions = {},
): PluginVersion {
  worker.programs.set('stream', streamProgram(options));
  return worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm', ...changes } });
}

function call(act = '', changes: Partial<InvocationRequest> = {}): Partial<InvocationRequest> {
  return { nonce: 'abc', input: Buffer.from(JSON.stringify({ act, invocation: { nonce: 'abc' } })), ...changes };
}

/** Why sandboxes were stopped, in order. */
function stops(worker: FakeWorker): readonly string[] {
  return worker.events.of('sandboxMoved').flatMap(({ to, reason }) => (to === 'stopping' ? [reason] : []));
}

describe('a warm sandbox', () => {
  test('serves again without one call of the engine, and is told from a fresh one', async () => {
    await using worker = new FakeWorker();
    worker.meter.usage = CLEAN;
    const version = plugin(worker);
    const first = await worker.invoke(version, call());
    await worker.settle();
    const calls = worker.engine.calls.total;
    const ends = [];
    for (let count = 0; count < 20; count += 1) ends.push(await worker.invoke(version, call()));
    expect(worker.engine.calls.total).toBe(calls);
    expect(first).toMatchObject({ result: { count: 1 }, sandboxKind: 'cold', cleanliness: 'fresh' });
    expect(ends.map(({ result }) => result)).toEqual(Array.from({ length: 20 }, (_, n) => ({ count: n + 2 })));
    expect(ends.every((end) => end.sandboxKind === 'warm' && end.cleanliness === 'reused-clean')).toBe(true);
    expect(worker.engine.containers.size).toBe(1);
  });

  test('says that nothing could be verified where no cgroup can be read', async () => {
    await using worker = new FakeWorker();
    const version = plugin(worker);
    await worker.invoke(version, call());
    expect((await worker.invoke(version, call())).cleanliness).toBe('reused-unverified');
  });

  test.each([
    ['a process', { pids: 2 }],
    ['a byte in /tmp', { shmemBytes: 4_096 }],
    ['memory', { anonBytes: 50 * MiB }],
  ])('with %s left behind is looked at for a moment, then discarded', async (_what, left) => {
    await using worker = new FakeWorker();
    worker.meter.usage = CLEAN;
    const version = plugin(worker);
    const first = await worker.invoke(
      version,
      call('', {
        onStarted: () => {
          worker.meter.usage = { ...CLEAN, ...left };
          return Promise.resolve();
        },
      }),
    );
    expect(worker.count('busy')).toBe(1);
    await worker.clock.advance(1_000);
    expect(stops(worker)[0]).toMatch(/^unclean: /);
    worker.meter.usage = CLEAN;
    const second = await worker.invoke(version, call());
    expect(second.sandboxId).not.toBe(first.sandboxId);
    expect(second.result).toEqual({ count: 1 });
  });

  test('with an entry in /tmp more than there was at the least is discarded, and not for fewer', async () => {
    await using worker = new FakeWorker();
    worker.meter.usage = CLEAN;
    worker.meter.tmp = { bytes: 4_096, files: 3 };
    const version = plugin(worker);
    const leaving = (bytes: number, files: number): ReturnType<typeof call> =>
      call('', {
        onStarted: () => {
          worker.meter.tmp = { bytes, files };
          return Promise.resolve();
        },
      });
    await worker.invoke(version, leaving(0, 1));
    expect((await worker.invoke(version, leaving(0, 2))).result).toEqual({ count: 2 });
    await worker.clock.advance(1_000);
    expect(stops(worker)).toEqual(['unclean: 0 bytes in /tmp, in 1 files more']);
  });

  test('that only looks unclean at first is kept', async () => {
    await using worker = new FakeWorker();
    worker.meter.usage = CLEAN;
    const version = plugin(worker);
    await worker.invoke(
      version,
      call('', {
        onStarted: () => {
          worker.meter.usage = { ...CLEAN, pids: 2 };
          return Promise.resolve();
        },
      }),
    );
    worker.meter.usage = CLEAN;
    await worker.clock.advance(10);
    expect((await worker.invoke(version, call())).result).toEqual({ count: 2 });
  });

  test('ends politely after its invocations', async () => {
    await using worker = new FakeWorker();
    const methods: string[] = [];
    const options = { capabilities: { onShutdown: true }, onMethod: (method: string) => methods.push(method) };
    const lifecycle = { onLoad: false, onShutdown: true, cancel: false, metadata: false, configUi: false };
    const version = plugin(worker, { pool: { ...POOL, maxInvocations: 2 }, lifecycle }, options);
    const results = [];
    for (let count = 0; count < 4; count += 1) results.push((await worker.invoke(version, call())).result);
    await worker.settle();
    expect(results).toEqual([{ count: 1 }, { count: 2 }, { count: 1 }, { count: 2 }]);
    expect(methods.filter((method) => method === 'on_shutdown')).toHaveLength(2);
    expect(worker.engine.calls.count('killContainer')).toBe(0);
  });

  test('grows old, and is not used after that', async () => {
    await using worker = new FakeWorker();
    const version = plugin(worker, { pool: { ...POOL, maxAgeMs: 10_000 } });
    await worker.invoke(version, call());
    await worker.clock.advance(11_001);
    expect((await worker.invoke(version, call())).result).toEqual({ count: 1 });
    expect(stops(worker)).toEqual(['old']);
  });

  test('never sees the secrets of another set', async () => {
    await using worker = new FakeWorker();
    const version = plugin(worker);
    await worker.invoke(version, call('', { secretsKey: 'one' }));
    expect((await worker.invoke(version, call('', { secretsKey: 'one' }))).result).toEqual({ count: 2 });
    expect((await worker.invoke(version, call('', { secretsKey: 'two' }))).result).toEqual({ count: 1 });
    expect(stops(worker)).toEqual(['other secrets']);
  });

  test('is not replaced while it is busy, and waits for nobody twice', async () => {
    await using worker = new FakeWorker({ cpuOvercommit: 100 });
    const version = plugin(worker, { pool: { ...POOL, max: 2 } });
    const ends = await Promise.all(Array.from({ length: 20 }, () => worker.invoke(version, call())));
    expect(ends.every(({ outcome }) => outcome.code === 'ok')).toBe(true);
    expect(worker.engine.calls.count('createContainer')).toBeLessThanOrEqual(2);
  });
});

describe('a broken invocation', () => {
  test.each([
    ['a foreign nonce', 'foreign', { code: 'protocol', violation: 'nonce' }],
    ['a stray print', 'stray', { code: 'protocol', violation: 'not_json' }],
    ['an end of the process', 'dies', { code: 'crash', exitCode: 3 }],
    ['too much output', 'floods', { code: 'output_limit' }],
  ] as const)('by %s destroys its sandbox', async (_what, act, outcome) => {
    await using worker = new FakeWorker();
    const acts = {
      foreign: async ({ id, say }) => {
        await say({ id, result: { nonce: 'other', n: 1 } });
        return null;
      },
      stray: async ({ process }) => {
        await process.stdout('hello\n');
        return null;
      },
      dies: () => {
        throw new Error('exit');
      },
      floods: () => ({ text: 'x'.repeat(2_000) }),
    } satisfies StreamProgramOptions['acts'];
    const version = worker.version('stream', {
      plugin: { protocol: 'stream', reuse: 'warm' },
      limits: { outputBytes: 1_024 },
    });
    const program = streamProgram({ acts });
    worker.programs.set('stream', async (process) => {
      try {
        return await program(process);
      } catch {
        return 3;
      }
    });
    const first = await worker.invoke(version, call());
    const broken = await worker.invoke(version, call(act));
    expect(broken.outcome).toMatchObject(outcome);
    const next = await worker.invoke(version, call());
    expect(next.result).toEqual({ count: 1 });
    expect(next.sandboxId).not.toBe(first.sandboxId);
  });

  test('by its time is over at once, and its late answer reaches nobody', async () => {
    await using worker = new FakeWorker();
    const version = plugin(worker, {}, { acts: { silent: () => null } });
    const ending = worker.invoke(version, call('silent', { timeoutMs: 1_000 }));
    await worker.settle();
    await worker.clock.advance(1_000);
    expect((await ending).outcome).toMatchObject({ code: 'timeout', breach: { limit: 'timeoutMs', value: 1_000 } });
    expect((await worker.invoke(version, call())).result).toEqual({ count: 1 });
  });

  test('by CPU time counts from the invocation before', async () => {
    await using worker = new FakeWorker({ usageIntervalMs: 100 });
    worker.meter.usage = { ...CLEAN, cpuTimeMs: 1_000 };
    worker.programs.set('stream', streamProgram({ acts: { silent: () => null } }));
    const version = worker.version('stream', {
      plugin: { protocol: 'stream', reuse: 'warm' },
      limits: { cpuTimeMs: 50 },
    });
    const ending = worker.invoke(version, call('silent'));
    await worker.settle();
    worker.meter.usage = { ...CLEAN, cpuTimeMs: 1_060 };
    await worker.clock.advance(100);
    expect((await ending).outcome).toMatchObject({ code: 'cpu_time', breach: { value: 50, used: 60 } });
  });

  test('by the loss of the engine is lost', async () => {
    await using worker = new FakeWorker();
    const version = plugin(worker, {}, { acts: { silent: () => null } });
    const ending = worker.invoke(version, call('silent'));
    await worker.settle();
    worker.engine.lose();
    expect((await ending).outcome.code).toBe('lost');
  });
});
