// An engine that is away, where the worker waits for it: an invocation whose input has not left is taken up when it is back, one whose input may
// have left is not.
import { describe, expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { StopReason } from '../../../src/core/ports/invoker.ts';
import { FakeWorker, HANGING } from '../../support/sandbox/fake-worker.ts';

const WAITING = { waitsForEngine: true };

describe('an invocation that finds the engine away', () => {
  test('asks it for nothing, and is taken up when it is back, however long that takes', async () => {
    await using worker = new FakeWorker(WAITING);
    worker.engine.lose();
    const end = worker.invoke(worker.version(), { waitMs: 1_000 });
    await worker.clock.advance(600_000);
    expect(worker.engine.calls.count('createContainer')).toBe(0);
    worker.engine.find();
    expect((await end).outcome.code).toBe('ok');
  });

  test.each<[StopReason, string]>([
    ['cancelled', 'cancelled'],
    ['hook_timeout', 'timeout'],
    ['pipeline_timeout', 'timeout'],
    ['draining', 'cancelled'],
    ['lease_lost', 'cancelled'],
  ])('ends for %s as %s', async (reason, code) => {
    await using worker = new FakeWorker(WAITING);
    worker.engine.lose();
    const stop = new AbortController();
    const end = worker.invoke(worker.version(), { stop: stop.signal });
    await worker.settle();
    stop.abort(reason);
    expect((await end).outcome.code).toBe(code);
    worker.engine.find();
    await worker.settle();
    expect(worker.count('busy')).toBe(0);
  });

  test('says of a time that was up meanwhile what it waited for', async () => {
    await using worker = new FakeWorker(WAITING);
    worker.engine.lose();
    const stop = new AbortController();
    const end = worker.invoke(worker.version(), { stop: stop.signal });
    await worker.clock.advance(2_000);
    stop.abort('hook_timeout');
    expect((await end).outcome.message).toMatch(/waited 2000 ms.*the engine was away/);
  });

  test('takes a place in the line: beyond its length it is busy, with when to come back', async () => {
    await using worker = new FakeWorker({ ...WAITING, maxWaiting: 1 });
    worker.engine.lose();
    const first = worker.invoke(worker.version());
    await worker.settle();
    expect((await worker.invoke(worker.version())).outcome).toMatchObject({ code: 'busy', retryAfterMs: 1_000 });
    worker.engine.find();
    expect((await first).outcome.code).toBe('ok');
  });
});

describe('an invocation that loses the engine', () => {
  test.each(['createContainer', 'attach', 'waitExit', 'startContainer'] as const)(
    'at %s gets its input once, when it is back',
    async (call) => {
      await using worker = new FakeWorker(WAITING);
      let inputs = 0;
      worker.programs.set('count', async (process) => {
        for await (const chunk of process.input) inputs += Number(chunk.length > 0);
        await process.stdout('{}');
        return 0;
      });
      const release = worker.engine.calls.hold(call);
      const end = worker.invoke(worker.version('count'));
      await worker.settle();
      worker.engine.lose();
      release();
      await worker.settle();
      worker.engine.find();
      expect((await end).outcome.code).toBe('ok');
      expect(inputs).toBe(1);
    },
  );

  test('after its start was told and before its input is told once, and gets its input when it is back', async () => {
    await using worker = new FakeWorker(WAITING);
    const stored = Promise.withResolvers<undefined>();
    let told = 0;
    const onStarted = async (): Promise<void> => {
      told += 1;
      await stored.promise;
    };
    const end = worker.invoke(worker.version(), { onStarted });
    await worker.settle();
    worker.engine.lose();
    await worker.settle();
    stored.resolve(undefined);
    await worker.settle();
    worker.engine.find();
    expect((await end).outcome.code).toBe('ok');
    expect(told).toBe(1);
  });

  test('while the plugin runs ends as lost', async () => {
    await using worker = new FakeWorker(WAITING);
    worker.programs.set('hang', HANGING);
    const end = worker.invoke(worker.version('hang'));
    await worker.settle();
    worker.engine.lose();
    expect((await end).outcome.code).toBe('lost');
  });
});

test.each(['DOCKER_UNAVAILABLE', 'ENGINE_TIMEOUT'] as const)(
  'tries again with growing rests while the engine answers with %s though its events come',
  async (code) => {
    await using worker = new FakeWorker(WAITING);
    worker.engine.calls.refuse('createContainer', new GantryError(code, 'no'), 1_000);
    const stop = new AbortController();
    const end = worker.invoke(worker.version(), { stop: stop.signal });
    await worker.clock.advance(60_000);
    const tries = worker.engine.calls.count('createContainer');
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(30);
    stop.abort('pipeline_timeout');
    expect((await end).outcome.code).toBe('timeout');
  },
);

test('does not wait for an engine that refuses a start', async () => {
  await using worker = new FakeWorker(WAITING);
  worker.engine.calls.refuse('createContainer', new GantryError('ENGINE_FAILED', 'no space left on device'));
  expect((await worker.invoke(worker.version())).outcome.code).toBe('engine');
});
