// Several invocations in one sandbox (I-7), over the fake engine and clock: never more than it has places, one CPU for all, and when it has
// to go because of one of them, the others end as lost.
import { describe, expect, test } from 'vitest';
import type { CgroupUsage } from '../../../src/core/ports/usage-meter.ts';
import { SIBLING_LOST } from '../../../src/protocol/stream/read-answer.ts';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { BOTH, HeldRuns } from '../../support/sandbox/held-runs.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

const CLEAN: CgroupUsage = {
  cpuTimeMs: 5,
  memoryBytes: 1_000_000,
  memoryPeakBytes: 1_000_000,
  anonBytes: 1_000_000,
  shmemBytes: 0,
  pids: 1,
  oomKills: 0,
  throttledMs: 0,
  pidsRefused: 0,
};
function stops(worker: FakeWorker): readonly string[] {
  return worker.events.of('sandboxMoved').flatMap(({ to, reason }) => (to === 'stopping' ? [reason] : []));
}

function cpuRatio(worker: FakeWorker): number | undefined {
  return worker.events.of('capacityChanged').findLast(({ resource }) => resource === 'cpu')?.usedRatio;
}

describe('a sandbox with several places', () => {
  test('takes as many invocations at once as the manifest says, on one CPU, and the next one waits its turn', async () => {
    await using worker = new FakeWorker({ cpuOvercommit: 1 });
    const held = new HeldRuns(worker, { pool: poolLimits({ max: 1 }) });
    const ends = await held.hold(4);
    expect([held.runs.length, worker.count('busy'), worker.engine.containers.size]).toEqual([3, 1, 1]);
    expect(cpuRatio(worker)).toBe(held.version.plugin.limits.cpus / 2);
    await held.answerAll();
    expect(held.runs).toHaveLength(1);
    await held.answerAll();
    const all = await Promise.all(ends);
    expect(all.map(({ outcome }) => outcome.code)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(new Set(all.map(({ sandboxId }) => sandboxId)).size).toBe(1);
    expect([worker.count('idle'), cpuRatio(worker)]).toEqual([1, 0]);
  });

  test('is started once for all who wait for it', async () => {
    await using worker = new FakeWorker({ cpuOvercommit: 1 });
    const held = new HeldRuns(worker, { concurrency: 8 });
    const ends = Array.from({ length: 8 }, () => held.invoke('hold'));
    await worker.settle();
    expect([held.runs.length, worker.engine.calls.count('createContainer')]).toEqual([8, 1]);
    await held.answerAll();
    expect((await Promise.all(ends)).map(({ sandboxKind }) => sandboxKind).sort()).toEqual([
      'cold',
      ...Array.from({ length: 7 }, () => 'warm'),
    ]);
  });

  test('gives one at a time to a plugin that does not say that it can do more', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker, { pool: poolLimits({ max: 1 }) }, {});
    const ends = await held.hold(2);
    expect(held.runs).toHaveLength(1);
    await held.answerAll();
    await held.answerAll();
    expect((await Promise.all(ends)).map(({ outcome }) => outcome.code)).toEqual(['ok', 'ok']);
  });

  test('is never shared by invocations with other secrets', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker);
    const one = await held.hold(1, { secretsKey: 'one' });
    const two = await held.hold(1, { secretsKey: 'two' });
    const again = await held.hold(1, { secretsKey: 'one' });
    await held.answerAll();
    const ids = (await Promise.all([...one, ...two, ...again])).map(({ sandboxId }) => sandboxId);
    expect([ids[0] === ids[2], ids[0] === ids[1]]).toEqual([true, false]);
  });

  test('lets nobody pass who waits for other secrets, and goes to them when it has come to rest', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker, { pool: poolLimits({ max: 1 }) });
    const one = await held.hold(1, { secretsKey: 'one' });
    const two = await held.hold(1, { secretsKey: 'two' });
    const late = await held.hold(1, { secretsKey: 'one' });
    expect(held.runs).toHaveLength(1);
    for (let turn = 0; turn < 3; turn += 1) await held.answerAll();
    expect((await Promise.all([...one, ...two, ...late])).map(({ outcome }) => outcome.code)).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
  });

  test('is looked over only when nobody is at work in it any more', async () => {
    await using worker = new FakeWorker();
    worker.meter.usage = CLEAN;
    const held = new HeldRuns(worker);
    const ends = await held.hold(2);
    worker.meter.usage = { ...CLEAN, shmemBytes: 4_096 };
    const [first] = held.runs.splice(0, 1);
    await first?.say({ id: first.id, result: { nonce: first.nonce } });
    expect(await ends[0]).toMatchObject({ outcome: { code: 'ok' }, cleanliness: 'fresh' });
    await worker.clock.advance(1_000);
    expect(stops(worker)).toEqual([]);
    await held.answerAll();
    expect(await ends[1]).toMatchObject({ outcome: { code: 'ok' }, cleanliness: 'reused-unverified' });
    await worker.clock.advance(1_000);
    expect(stops(worker)).toEqual(['unclean: 4096 bytes in /tmp']);
  });

  test('counts each of them against maxInvocations', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker, { concurrency: 8, pool: poolLimits({ maxInvocations: 2 }) });
    const ends = await held.hold(3);
    await held.answerAll();
    const ids = (await Promise.all(ends)).map(({ sandboxId }) => sandboxId);
    expect([ids[0] === ids[1], ids[1] === ids[2]]).toEqual([true, false]);
    await worker.settle();
    expect(stops(worker)).toContain('served its invocations');
  });

  test('is joined by nobody once it is old', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker, { pool: poolLimits({ maxAgeMs: 1_000 }) });
    const ends = await held.hold(1);
    await worker.clock.advance(2_000);
    ends.push(...(await held.hold(1)));
    await held.answerAll();
    const [first, second] = await Promise.all(ends);
    expect(first?.sandboxId).not.toBe(second?.sandboxId);
  });
});

describe('the others in a sandbox that has to go end as lost', () => {
  test('when one of them breaks the protocol', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker);
    const ends = await held.hold(2);
    const broken = await held.invoke('foreign');
    expect(broken.outcome).toMatchObject({ code: 'protocol', violation: 'nonce' });
    expect((await Promise.all(ends)).map(({ outcome }) => outcome.code)).toEqual(['lost', 'lost']);
    await worker.settle();
    expect([worker.engine.calls.count('killContainer'), cpuRatio(worker)]).toEqual([1, 0]);
    expect((await held.invoke('')).outcome.code).toBe('ok');
  });

  test('when the time of one of them is up', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker);
    const slow = await held.hold(1, { timeoutMs: 1_000 });
    const ends = await held.hold(2);
    await worker.clock.advance(1_000);
    expect((await slow[0])?.outcome.code).toBe('timeout');
    expect((await Promise.all(ends)).map(({ outcome }) => outcome.code)).toEqual(['lost', 'lost']);
  });

  test.each([
    ['hook_timeout', 'timeout'],
    ['pipeline_timeout', 'timeout'],
    ['lease_lost', 'lost'],
  ])('when one of them is stopped by %s', async (reason, code) => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker);
    const stop = new AbortController();
    const stopped = await held.hold(1, { stop: stop.signal });
    const ends = await held.hold(1);
    stop.abort(reason);
    expect((await stopped[0])?.outcome.code).toBe(code);
    expect((await ends[0])?.outcome).toEqual(SIBLING_LOST);
  });

  test('when one of them uses up its CPU time', async () => {
    await using worker = new FakeWorker({ usageIntervalMs: 100 });
    worker.meter.usage = CLEAN;
    const held = new HeldRuns(worker, {}, BOTH, { cpuTimeMs: 50 });
    const early = await held.hold(1);
    worker.meter.usage = { ...CLEAN, cpuTimeMs: 45 };
    const late = await held.hold(1);
    worker.meter.usage = { ...CLEAN, cpuTimeMs: 60 };
    await worker.clock.advance(100);
    expect((await early[0])?.outcome).toMatchObject({ code: 'cpu_time', breach: { used: 55 } });
    expect((await late[0])?.outcome.code).toBe('lost');
  });

  test('and all of them are charged with a crash, which is nobody’s in particular', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker);
    const ends = await held.hold(2);
    ends.push(held.invoke('dies'));
    expect((await Promise.all(ends)).map(({ outcome }) => outcome.code)).toEqual(['crash', 'crash', 'crash']);
  });
});

describe('a cancelled invocation among others', () => {
  test('that answers in time leaves the sandbox to them', async () => {
    await using worker = new FakeWorker();
    const held = new HeldRuns(worker);
    const stop = new AbortController();
    const cancelled = await held.hold(1, { stop: stop.signal });
    const other = await held.hold(1);
    stop.abort('cancelled');
    await worker.settle();
    const [run] = held.runs.splice(0, 1);
    await run?.say({ id: run.id, result: { nonce: run.nonce } });
    expect((await cancelled[0])?.outcome.code).toBe('cancelled');
    await held.answerAll();
    expect((await other[0])?.outcome.code).toBe('ok');
    expect([stops(worker), worker.engine.calls.count('killContainer')]).toEqual([[], 0]);
  });

  test('that does not answer gets SIGTERM in the last of its grace, and SIGKILL at the end of it', async () => {
    await using worker = new FakeWorker({ graceMs: 500 });
    const held = new HeldRuns(worker);
    const stop = new AbortController();
    const cancelled = await held.hold(1, { stop: stop.signal });
    const release = worker.engine.calls.hold('killContainer');
    stop.abort('cancelled');
    await worker.settle();
    const asked = async (afterMs: number): Promise<number> => {
      await worker.clock.advance(afterMs);
      return worker.engine.calls.count('killContainer');
    };
    expect([await asked(399), await asked(1), await asked(99), await asked(1)]).toEqual([0, 1, 1, 2]);
    release();
    expect((await cancelled[0])?.outcome.message).toContain('was killed after its grace');
  });

  test('that does not answer within the grace takes the sandbox with it', async () => {
    await using worker = new FakeWorker({ graceMs: 500 });
    const held = new HeldRuns(worker);
    const stop = new AbortController();
    const cancelled = await held.hold(1, { stop: stop.signal });
    const other = await held.hold(1);
    stop.abort('cancelled');
    await worker.settle();
    await worker.clock.advance(500);
    expect((await cancelled[0])?.outcome.code).toBe('cancelled');
    expect((await other[0])?.outcome.code).toBe('lost');
  });
});
