// An invocation that is stopped from outside, or that lacks something: it still ends with the outcome that says so.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { StopReason } from '../../../src/core/ports/invoker.ts';
import { FakeWorker, HANGING } from '../../support/sandbox/fake-worker.ts';

describe('being stopped', () => {
  test.each<[StopReason, string]>([
    ['cancelled', 'cancelled'],
    ['hook_timeout', 'timeout'],
    ['pipeline_timeout', 'timeout'],
    ['draining', 'lost'],
    ['lease_lost', 'lost'],
  ])('while it runs, for %s, ends as %s', async (reason, code) => {
    await using worker = new FakeWorker();
    worker.programs.set('hang', HANGING);
    const stop = new AbortController();
    const end = worker.invoke(worker.version('hang'), { stop: stop.signal });
    await worker.settle();
    stop.abort(reason);
    expect((await end).outcome.code).toBe(code);
    await worker.settle();
    expect(worker.count('busy')).toBe(0);
  });

  test.each<[StopReason, string]>([
    ['cancelled', 'cancelled'],
    ['hook_timeout', 'timeout'],
    ['pipeline_timeout', 'timeout'],
    ['draining', 'cancelled'],
    ['lease_lost', 'cancelled'],
  ])('while it waits for a sandbox, for %s, ends as %s', async (reason, code) => {
    await using worker = new FakeWorker();
    worker.engine.calls.hold('startContainer');
    const stop = new AbortController();
    const end = worker.invoke(worker.version(), { stop: stop.signal });
    await worker.settle();
    stop.abort(reason);
    expect(await end).toMatchObject({ outcome: { code }, sandboxId: null, phases: { sendMs: null } });
    worker.engine.lose();
  });

  test('by cancellation asks politely first and kills after the grace', async () => {
    await using worker = new FakeWorker({ graceMs: 2_000 });
    worker.programs.set('hang', HANGING);
    const release = worker.engine.calls.hold('killContainer');
    const stop = new AbortController();
    const end = worker.invoke(worker.version('hang'), { stop: stop.signal });
    await worker.settle();
    stop.abort('cancelled');
    await worker.settle();
    expect(worker.engine.calls.count('killContainer')).toBe(1);
    await worker.clock.advance(2_000);
    expect(worker.engine.calls.count('killContainer')).toBe(2);
    release();
    expect((await end).outcome.code).toBe('cancelled');
  });

  test.each([
    [
      'that has only just started is asked once more, since it may not have heard',
      0,
      ['SIGTERM', 'SIGTERM'],
      'came to an end within',
    ],
    ['that has run for a while is asked once', 60_000, ['SIGTERM', 'SIGKILL'], 'was killed'],
  ])('by cancellation, a container %s', async (_what, ageMs, signals, end) => {
    await using worker = new FakeWorker({ graceMs: 2_000 });
    worker.programs.set('hang', HANGING);
    const given: string[] = [];
    const kill = worker.engine.killContainer.bind(worker.engine);
    worker.engine.killContainer = (id, name, options) => {
      given.push(name);
      return given.length === 1 ? Promise.resolve(true) : kill(id, name, options);
    };
    const stop = new AbortController();
    const version = worker.version('hang', { limits: { timeoutMs: 600_000 } });
    const invoked = worker.invoke(version, { stop: stop.signal, timeoutMs: 600_000 });
    await worker.settle();
    await worker.clock.advance(ageMs);
    stop.abort('cancelled');
    await worker.clock.advance(499);
    expect(given).toEqual(['SIGTERM']);
    await worker.clock.advance(1_501);
    expect((await invoked).outcome).toMatchObject({
      code: 'cancelled',
      message: expect.stringContaining(end) as string,
    });
    expect(given.slice(0, 2)).toEqual(signals);
  });
});

describe('a lack of', () => {
  test('sandboxes ends as busy after the patience of the caller, with when to come back', async () => {
    await using worker = new FakeWorker();
    worker.engine.calls.hold('startContainer');
    const end = worker.invoke(worker.version(), { waitMs: 1_000 });
    await worker.settle();
    await worker.clock.advance(1_000);
    expect((await end).outcome).toMatchObject({ code: 'busy', retryAfterMs: 1_000 });
    worker.engine.lose();
  });

  test('room to wait ends as busy at once', async () => {
    await using worker = new FakeWorker({ maxWaiting: 1 });
    worker.engine.calls.hold('startContainer');
    const first = worker.invoke(worker.version());
    await worker.settle();
    expect((await worker.invoke(worker.version())).outcome.code).toBe('busy');
    worker.engine.lose();
    expect((await first).outcome.code).toBe('engine');
  });

  test('an engine ends as engine at once', async () => {
    await using worker = new FakeWorker();
    worker.engine.lose();
    expect((await worker.invoke(worker.version())).outcome.code).toBe('engine');
  });

  test('an engine while the plugin runs ends as lost, and the next invocation after its return succeeds', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('hang', HANGING);
    const end = worker.invoke(worker.version('hang'));
    await worker.settle();
    worker.engine.lose('gone');
    expect((await end).outcome).toMatchObject({ code: 'lost', message: expect.stringContaining('gone') as string });
    worker.engine.find();
    expect((await worker.invoke(worker.version())).outcome.code).toBe('ok');
  });

  test('a store to record the start gives the error to the caller and the sandbox back', async () => {
    await using worker = new FakeWorker();
    const error = new GantryError('STORE_UNAVAILABLE', 'no disk');
    await expect(worker.invoke(worker.version(), { onStarted: () => Promise.reject(error) })).rejects.toBe(error);
    await worker.settle();
    expect([worker.count('busy'), worker.count('stopping')]).toEqual([0, 0]);
  });
});

test('draining refuses new invocations and waits for the running ones', async () => {
  await using worker = new FakeWorker();
  worker.programs.set('hang', HANGING);
  const running = worker.invoke(worker.version('hang', { limits: { timeoutMs: 5_000 } }));
  await worker.settle();
  let isDrained = false;
  const drained = worker.sandboxes.drain(new AbortController().signal).then(() => (isDrained = true));
  expect((await worker.invoke(worker.version())).outcome.code).toBe('busy');
  expect(isDrained).toBe(false);
  await worker.clock.advance(5_000);
  expect((await running).outcome.code).toBe('timeout');
  await drained;
});

test('disposal ends what still runs as lost, and leaves no container', async () => {
  const worker = new FakeWorker();
  worker.programs.set('hang', HANGING);
  const end = worker.invoke(worker.version('hang'));
  await worker.settle();
  await worker[Symbol.asyncDispose]();
  expect((await end).outcome.code).toBe('lost');
  expect(worker.engine.containers.size).toBe(0);
  expect(worker.clock.pendingTimers).toBe(0);
});
