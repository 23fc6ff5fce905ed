// What the quarantine of a crash-looping plugin means for invocations, over the fake engine and clock: few containers, quick answers, and
// neighbours that notice nothing.
import { describe, expect, test } from 'vitest';
import { FakeWorker, HONEST } from '../../support/sandbox/fake-worker.ts';
import { streamProgram } from '../../support/sandbox/stream-program.ts';

async function outcomes(
  worker: FakeWorker,
  version: ReturnType<FakeWorker['version']>,
  count: number,
): Promise<string[]> {
  const codes: string[] = [];
  for (let index = 0; index < count; index += 1) codes.push((await worker.invoke(version)).outcome.code);
  return codes;
}

describe('a plugin that crashes at once', () => {
  test('is started for its first invocations only, while its neighbour is served as ever', async () => {
    await using worker = new FakeWorker();
    await worker.sandboxes.start();
    worker.programs.set('crash', () => 3);
    const [crasher, neighbour] = [worker.version('crash'), worker.version()];
    const codes = await outcomes(worker, crasher, 200);
    expect(codes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'crash'));
    expect(new Set(codes.slice(5))).toEqual(new Set(['start_failed']));
    expect(worker.engine.calls.count('createContainer')).toBeLessThanOrEqual(10);
    expect(await outcomes(worker, neighbour, 20)).toEqual(Array.from({ length: 20 }, () => 'ok'));
  });

  test('keeps no sandbox while it is left alone, and is probed by one invocation at a time', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('crash', () => 3);
    const version = worker.version('crash');
    await outcomes(worker, version, 5);
    await worker.settle();
    expect(worker.sandboxes.states()).toEqual([]);
    await worker.clock.advance(1_000);
    const starts = worker.engine.calls.count('startContainer');
    const ends = await Promise.all(Array.from({ length: 20 }, () => worker.invoke(version)));
    const codes = ends.map(({ outcome }) => outcome.code);
    expect(codes.filter((code) => code === 'crash')).toEqual(['crash']);
    expect(worker.engine.calls.count('startContainer')).toBe(starts + 1);
  });

  test('is back after one probe that serves, with one event for each move', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('heals', () => 3);
    const version = worker.version('heals');
    await outcomes(worker, version, 6);
    worker.programs.set('heals', HONEST);
    await worker.clock.advance(1_000);
    expect(await outcomes(worker, version, 3)).toEqual(['ok', 'ok', 'ok']);
    const moves = worker.events.of('quarantineMoved');
    expect(moves.map(({ from, to }) => `${from} ${to}`)).toEqual(['closed open', 'open half_open', 'half_open closed']);
    expect(moves[0]).toMatchObject({
      plugin: 'puppet',
      version: version.id,
      cause: expect.stringContaining('3') as string,
    });
    expect(moves.map(({ untilMs }) => untilMs === null)).toEqual([false, true, true]);
  });

  test('may be probed by the next one when the probe was cancelled', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('crash', () => 3);
    const version = worker.version('crash');
    await outcomes(worker, version, 5);
    await worker.clock.advance(1_000);
    const release = worker.engine.calls.hold('startContainer');
    const stop = new AbortController();
    const probe = worker.invoke(version, { stop: stop.signal });
    await worker.settle();
    expect((await worker.invoke(version)).outcome).toMatchObject({ code: 'start_failed', retryAfterMs: 1_000 });
    stop.abort('cancelled');
    expect((await probe).outcome.code).toBe('cancelled');
    release();
    await worker.settle();
    expect((await worker.invoke(version)).outcome.code).toBe('crash');
  });

  test('starts clean in a new version, and the old one is forgotten', async () => {
    await using worker = new FakeWorker();
    worker.programs.set('crash', () => 3);
    const version = worker.version('crash');
    await outcomes(worker, version, 6);
    worker.sandboxes.retire(version);
    expect(worker.events.of('quarantineMoved').at(-1)).toMatchObject({ to: 'closed', version: version.id });
    worker.engine.images.add('puppet:2');
    expect((await worker.invoke({ ...version, imageId: 'puppet:2' })).outcome.code).toBe('crash');
  });
});

test('a plugin that never gets ready is not started again and again, and its cause is told', async () => {
  await using worker = new FakeWorker();
  worker.programs.set('stream', streamProgram({ capabilities: { onLoad: true }, loadError: 'no database' }));
  const version = worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm' } });
  for (let count = 0; count < 40; count += 1) {
    const { outcome } = await worker.invoke(version);
    expect(outcome).toMatchObject({ code: 'not_ready', message: expect.stringContaining('no database') as string });
  }
  expect(worker.engine.calls.count('startContainer')).toBe(1);
  for (let second = 0; second < 120; second += 1) {
    await worker.clock.advance(1_000);
    await worker.invoke(version);
  }
  expect(worker.engine.calls.count('startContainer')).toBeLessThanOrEqual(9);
  expect(worker.events.of('quarantineMoved')[0]).toMatchObject({ from: 'closed', to: 'open' });
});
