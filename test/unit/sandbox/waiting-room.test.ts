// Those who wait for a sandbox: bounded in all and for each pipeline, and served in turn, so that one that floods harms only itself.
import { expect, test } from 'vitest';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import { WaitingRoom } from '../../../src/sandbox/pool/waiting-room.ts';
import { FakeWorker, HONEST } from '../../support/sandbox/fake-worker.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

test('has room for so many of one pipeline and so many in all, and gets each place back', () => {
  const room = new WaitingRoom({ total: 3, perPipeline: 2 });
  const places = [room.enter('a'), room.enter('a')];
  expect(() => room.enter('a')).toThrow(expect.objectContaining({ code: 'BUSY', retryAfterMs: 1_000 }));
  places.push(room.enter('b'));
  expect(() => room.enter('c')).toThrow('3 invocations wait for a sandbox already');
  for (const place of places) place[Symbol.dispose]();
  expect(room.size).toBe(0);
  room.enter('a');
  room.enter('a');
  expect(() => room.enter('a')).toThrow('2 invocations of this pipeline');
});

test('names a longer time to come back the more wait', () => {
  const room = new WaitingRoom({ total: 1_000, perPipeline: 1_000 });
  for (let count = 0; count < 95; count += 1) room.enter('a');
  expect(room.retryAfterMs).toBe(10_000);
  for (let count = 0; count < 900; count += 1) room.enter('a');
  expect(room.retryAfterMs).toBe(30_000);
});

/** A worker whose plugin has one sandbox at a time; each invocation ends when the returned function is called. */
function oneByOne(worker: FakeWorker): { readonly version: PluginVersion; readonly end: () => Promise<void> } {
  const gates: PromiseWithResolvers<undefined>[] = [];
  worker.programs.set('gated', async (process) => {
    const gate = Promise.withResolvers<undefined>();
    gates.push(gate);
    await gate.promise;
    return await HONEST(process);
  });
  const end = async (): Promise<void> => {
    gates.shift()?.resolve(undefined);
    await worker.settle();
  };
  return {
    version: worker.version('gated', { plugin: { pool: poolLimits({ max: 1 }) }, limits: { timeoutMs: 7_200_000 } }),
    end,
  };
}

test('one of another pipeline is served within two, although a thousand wait', async () => {
  await using worker = new FakeWorker({ maxWaiting: 2_000, maxWaitingPerPipeline: 1_000 });
  const { version, end } = oneByOne(worker);
  const served: string[] = [];
  const ask = (pipeline: string): void => {
    void worker.invoke(version, {
      pipeline,
      waitMs: 3_600_000,
      onStarted: () => {
        served.push(pipeline);
        return Promise.resolve();
      },
    });
  };
  for (let count = 0; count < 1_000; count += 1) ask('flood');
  await worker.settle();
  ask('quiet');
  await worker.settle();
  expect(served).toEqual(['flood']);
  await end();
  await end();
  expect(served).toHaveLength(3);
  expect(served).toContain('quiet');
});

test('a pipeline that floods is told that its share is full, and when to come back; others get in', async () => {
  await using worker = new FakeWorker({ maxWaiting: 100, maxWaitingPerPipeline: 10 });
  const { version } = oneByOne(worker);
  const flood = Array.from({ length: 30 }, () => worker.invoke(version, { pipeline: 'flood', waitMs: 60_000 }));
  await worker.settle();
  const quiet = worker.invoke(version, { pipeline: 'quiet', waitMs: 60_000 });
  let isQuietOver = false;
  void quiet.then(() => (isQuietOver = true));
  await worker.settle();
  expect(isQuietOver).toBe(false);
  await worker.clock.advance(60_000);
  const outcomes = (await Promise.all(flood.slice(1))).map(({ outcome }) => outcome);
  expect(outcomes.filter(({ message }) => message.includes('of this pipeline'))).toHaveLength(20);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ code: 'busy', retryAfterMs: expect.any(Number) as number });
  expect((await quiet).outcome.message).toContain('no sandbox came free');
});

test('a sandbox that stands ready is taken also while the line is full', async () => {
  await using worker = new FakeWorker({ maxWaiting: 1 });
  const ready = worker.version();
  await worker.invoke(ready);
  await worker.settle();
  const { version } = oneByOne(worker);
  for (let count = 0; count < 2; count += 1) {
    void worker.invoke(version, { waitMs: 3_600_000 });
    await worker.settle();
  }
  expect((await worker.invoke(version)).outcome.code).toBe('busy');
  expect((await worker.invoke(ready)).outcome.code).toBe('ok');
});
