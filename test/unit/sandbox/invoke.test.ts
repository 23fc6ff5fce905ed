// One invocation over the fake engine and clock: whatever happens on either side, it ends with the outcome that says so.
import { describe, expect, test } from 'vitest';
import { FakeWorker, HANGING } from '../../support/sandbox/fake-worker.ts';

const usage = {
  cpuTimeMs: 100,
  memoryBytes: 1,
  memoryPeakBytes: 4_096,
  anonBytes: 0,
  shmemBytes: 0,
  pids: 1,
  oomKills: 0,
  throttledMs: 0,
  pidsRefused: 0,
};

describe('an honest plugin', () => {
  test('gets its input, and its result, logs, phases and use come back', async () => {
    await using worker = new FakeWorker();
    worker.meter.usage = usage;
    worker.programs.set('echo', async (process) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of process.input) chunks.push(chunk);
      await process.stderr('one\ntwo');
      await process.stdout(Buffer.concat(chunks));
      return 0;
    });
    const end = await worker.invoke(worker.version('echo'), { input: Buffer.from('{"a":1}') });
    expect(end).toMatchObject({
      outcome: { code: 'ok' },
      result: { a: 1 },
      warnings: [],
      sandboxKind: 'cold',
      cleanliness: 'fresh',
      usage: { memoryPeakBytes: 4_096, cpuTimeMs: 0, outputBytes: 7, logsBytes: 7 },
    });
    expect(end.logs.map((line) => line.message)).toEqual(['one', 'two']);
    expect(Object.values(end.phases).every((phase) => phase !== null && phase >= 0)).toBe(true);
  });

  test('is told of only after its start is recorded', async () => {
    await using worker = new FakeWorker();
    const recorded = Promise.withResolvers<undefined>();
    let seen = '';
    worker.programs.set('echo', async (process) => {
      for await (const chunk of process.input) seen += Buffer.from(chunk).toString();
      await process.stdout('{}');
      return 0;
    });
    const end = worker.invoke(worker.version('echo'), { onStarted: () => recorded.promise });
    await worker.settle();
    expect(seen).toBe('');
    recorded.resolve(undefined);
    expect((await end).outcome.code).toBe('ok');
    expect(seen).toBe('{}');
  });

  test('may end without reading its input', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('deaf', async (process) => {
      await process.stdout('{"n":1}');
      return 0;
    });
    const end = await worker.invoke(worker.version('deaf'), { input: Buffer.alloc(1_000_000) });
    expect(end).toMatchObject({ outcome: { code: 'ok' }, result: { n: 1 } });
  });

  test('of protocol text answers with text', async () => {
    await using worker = new FakeWorker();
    const version = worker.version('honest', { plugin: { protocol: 'text', text: { input: 'data', output: 'text' } } });
    expect((await worker.invoke(version)).result).toBe('{"ok":true}');
  });
});

describe('a limit', () => {
  test('of time kills and names limit and use, also when nothing is read, written or obeyed', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('deaf', () => new Promise<never>(() => undefined));
    const version = worker.version('deaf', { limits: { timeoutMs: 30_000 } });
    const end = worker.invoke(version, { timeoutMs: 500, input: Buffer.alloc(1_000_000) });
    await worker.settle();
    await worker.clock.advance(500);
    expect((await end).outcome).toMatchObject({
      code: 'timeout',
      breach: { limit: 'timeoutMs', value: 500, used: 500 },
    });
    expect(worker.events.of('quotaBreached')).toMatchObject([{ plugin: 'puppet', limit: 'timeoutMs' }]);
  });

  test('of output kills at the first byte over it, and not at the last byte within', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('floods', async (process) => {
      for (;;) await process.stdout(Buffer.alloc(1_024, 32));
    });
    worker.programs.set('exact', async (process) => {
      await process.stdout(`{}${' '.repeat(2_046)}`);
      return 0;
    });
    const limits = { outputBytes: 2_048 };
    const { outcome } = await worker.invoke(worker.version('floods', { limits }));
    expect(outcome).toMatchObject({ code: 'output_limit', breach: { limit: 'outputBytes', value: 2_048 } });
    expect('breach' in outcome ? outcome.breach.used : 0).toBeGreaterThan(2_048);
    expect((await worker.invoke(worker.version('exact', { limits }))).outcome.code).toBe('ok');
  });

  test('of logs only cuts the logs', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('talks', async (process) => {
      for (let count = 0; count < 1_000; count += 1) await process.stderr(`${'x'.repeat(1_023)}\n`);
      await process.stdout('{}');
      return 0;
    });
    const end = await worker.invoke(worker.version('talks', { limits: { logsBytes: 4_096 } }));
    expect(end).toMatchObject({ outcome: { code: 'ok' }, warnings: [{ code: 'LOGS_TRUNCATED' }] });
    expect(end.logs).toHaveLength(5);
    expect(end.usage.logsBytes).toBe(1_024_000);
  });

  test('of CPU time counts from the first reading and kills', async () => {
    await using worker = new FakeWorker({ usageIntervalMs: 100 });
    worker.programs.set('hang', HANGING);
    worker.meter.usage = usage;
    const end = worker.invoke(worker.version('hang', { limits: { cpuTimeMs: 50 } }));
    await worker.settle();
    worker.meter.usage = { ...usage, cpuTimeMs: 149 };
    await worker.clock.advance(100);
    worker.meter.usage = { ...usage, cpuTimeMs: 150 };
    await worker.clock.advance(100);
    expect((await end).outcome).toMatchObject({
      code: 'cpu_time',
      breach: { limit: 'cpuTimeMs', value: 50, used: 50 },
    });
  });

  test('of memory is told from a plain kill by the word of the kernel', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('greedy', (process) => process.oom());
    worker.programs.set('killed', () => 137);
    expect((await worker.invoke(worker.version('greedy'))).outcome.code).toBe('oom');
    const end = worker.invoke(worker.version('killed'));
    await worker.clock.advance(10_000);
    expect((await end).outcome).toMatchObject({ code: 'crash', signal: 'SIGKILL' });
  });

  test.each([
    ['the cgroup is gone and the host counts a kill', null, 1, 'oom'],
    ['the cgroup is gone and the host counts none', null, 0, 'crash'],
    ['the cgroup still stands and counts none', usage, 1, 'crash'],
  ])('of memory that no engine told of, when %s', async (_when, last, kills, code) => {
    await using worker = new FakeWorker();
    worker.meter.usage = usage;
    worker.meter.oomKills = 7;
    const gate = Promise.withResolvers<undefined>();
    worker.programs.set('killed', async () => {
      await gate.promise;
      return 137;
    });
    const end = worker.invoke(worker.version('killed'));
    await worker.settle();
    worker.meter.usage = last;
    worker.meter.oomKills = 7 + kills;
    gate.resolve(undefined);
    await worker.clock.advance(10_000);
    expect((await end).outcome.code).toBe(code);
  });

  test('of memory that only a child broke is a warning', async () => {
    await using worker = new FakeWorker({ usageIntervalMs: 10 });
    worker.meter.usage = usage;
    const gate = Promise.withResolvers<undefined>();
    worker.programs.set('parent', async (process) => {
      await gate.promise;
      await process.stdout('{}');
      return 0;
    });
    const end = worker.invoke(worker.version('parent'));
    await worker.settle();
    worker.meter.usage = { ...usage, oomKills: 1 };
    await worker.clock.advance(10);
    gate.resolve(undefined);
    expect(await end).toMatchObject({ outcome: { code: 'ok' }, warnings: [{ code: 'OOM_CHILD' }] });
  });
});
