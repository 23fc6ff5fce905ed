// Pools over the fake engine and clock: sandboxes stand ready, serve once (I-7), follow demand, and a failing plugin harms nobody.
import { expect, test } from 'vitest';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import { FakeWorker, HANGING, HONEST } from '../../support/sandbox/fake-worker.ts';
import { poolLimits } from '../../support/sandbox/versions.ts';

test('starts on demand first, and has the next one ready before it is asked for', async () => {
  await using worker = new FakeWorker();
  const version = worker.version();
  const first = await worker.invoke(version);
  await worker.settle();
  expect(worker.count('idle')).toBe(1);
  const second = await worker.invoke(version);
  expect([first.sandboxKind, second.sandboxKind]).toEqual(['cold', 'prestarted']);
  expect(first.sandboxId).not.toBe(second.sandboxId);
});

test('uses every sandbox once and removes it', async () => {
  await using worker = new FakeWorker();
  const version = worker.version();
  const ids = new Set<string | null>();
  for (let count = 0; count < 10; count += 1) ids.add((await worker.invoke(version)).sandboxId);
  await worker.settle();
  expect(ids.size).toBe(10);
  expect(worker.engine.containers.size).toBe(1);
});

test('moves every sandbox along its states, one event each, and gives each living one a user of its own', async () => {
  await using worker = new FakeWorker();
  const version = worker.version();
  const { sandboxId } = await worker.invoke(version);
  await worker.settle();
  const moves = worker.events.of('sandboxMoved').filter((event) => event.sandboxId === sandboxId);
  expect(moves.map((event) => event.to)).toEqual(['creating', 'starting', 'idle', 'busy', 'stopping', 'gone']);
  expect(moves.map((event) => event.from)).toEqual([null, 'creating', 'starting', 'idle', 'busy', 'stopping']);
});

test('keeps pool.min ready without any use, and warms one on request', async () => {
  await using worker = new FakeWorker();
  await worker.sandboxes.start();
  worker.sandboxes.warm(worker.version('honest', { plugin: { pool: poolLimits({ min: 2, max: 4, idleMs: 1_000 }) } }));
  worker.sandboxes.warm(worker.version());
  await worker.settle();
  expect(worker.count('idle')).toBe(3);
  await worker.clock.advance(60_000);
  expect(worker.count('idle')).toBe(3);
  await worker.clock.advance(300_000);
  expect(worker.count('idle')).toBe(2);
});

test('never has more than pool.max at once; the next one waits its turn', async () => {
  await using worker = new FakeWorker({ cpuOvercommit: 100 });
  worker.programs.set('hang', HANGING);
  const version = worker.version('hang', {
    plugin: { pool: poolLimits({ min: 0, max: 2, idleMs: 1_000 }) },
    limits: { timeoutMs: 1_000 },
  });
  const ends = Promise.all(Array.from({ length: 5 }, () => worker.invoke(version)));
  await worker.settle();
  expect([worker.count('busy'), worker.sandboxes.states().length]).toEqual([2, 2]);
  await worker.clock.advance(1_000);
  await worker.clock.advance(1_000);
  await worker.clock.advance(1_000);
  expect((await ends).map((end) => end.outcome.code)).toEqual(Array.from({ length: 5 }, () => 'timeout'));
});

test('stops idle sandboxes of others before anyone waits for memory', async () => {
  const facts = { cpus: 2, memoryBytes: 300 * 1024 ** 2, hasAppArmor: false };
  await using worker = new FakeWorker({ memoryShare: 1 }, facts);
  const [one, two] = [worker.version(), worker.version()];
  await worker.invoke(one);
  await worker.settle();
  worker.programs.set('hang', HANGING);
  const three = worker.version('hang', { limits: { memoryBytes: 200 * 1024 ** 2, timeoutMs: 10 } });
  expect(worker.count('idle')).toBe(1);
  const end = worker.invoke(three);
  await worker.settle();
  expect([worker.count('idle'), worker.count('busy')]).toEqual([0, 1]);
  await worker.clock.advance(10);
  expect((await end).outcome.code).toBe('timeout');
  expect((await worker.invoke(two)).outcome.code).toBe('ok');
  const moved = worker.events.of('sandboxMoved').filter((event) => event.reason === 'room for another plugin');
  expect(moved.length).toBeGreaterThan(0);
});

test('runs a plugin that asks for more than there is alone, instead of never', async () => {
  await using worker = new FakeWorker({}, { cpus: 1, memoryBytes: 64 * 1024 ** 2, hasAppArmor: false });
  const version = worker.version('honest', { limits: { cpus: 8 } });
  const ends = await Promise.all([worker.invoke(version), worker.invoke(version)]);
  expect(ends.map((end) => end.outcome.code)).toEqual(['ok', 'ok']);
});

test('answers a command that cannot be started at once, and leaves the plugin alone for a while', async () => {
  await using worker = new FakeWorker();
  worker.programs.set('absent', null);
  const version = worker.version('absent');
  const ends = await Promise.all([worker.invoke(version), worker.invoke(version)]);
  expect(ends.map((end) => end.outcome.code)).toEqual(['start_failed', 'start_failed']);
  const starts = worker.engine.calls.count('startContainer');
  expect((await worker.invoke(version)).outcome.code).toBe('start_failed');
  expect(worker.engine.calls.count('startContainer')).toBe(starts);
  worker.programs.delete('absent');
  await worker.clock.advance(60_000);
  expect((await worker.invoke(version)).outcome.code).toBe('ok');
});

test.each([
  ['IMAGE_MISSING', 'image'],
  ['SPEC_MISMATCH', 'start_failed'],
  ['ENGINE_FAILED', 'engine'],
  ['DOCKER_UNAVAILABLE', 'engine'],
] as const)('a creation that fails with %s ends as %s', async (error, code) => {
  await using worker = new FakeWorker();
  worker.engine.calls.refuse('createContainer', new GantryError(error, 'no'));
  expect((await worker.invoke(worker.version())).outcome).toMatchObject({ code, message: 'no' });
});

test('starts nothing that the engine made otherwise than asked', async () => {
  await using worker = new FakeWorker({}, undefined, (body) => ({ ...body, Image: 'another' }));
  const end = await worker.invoke(worker.version());
  expect(end.outcome).toMatchObject({ code: 'start_failed', message: expect.stringContaining('Image is') as string });
  expect(worker.engine.calls.count('startContainer')).toBe(0);
  await worker.settle();
  expect(worker.engine.containers.size).toBe(0);
});

test('ends as engine when the engine does not answer in time, and removes what came of it later', async () => {
  await using worker = new FakeWorker({ engineTimeoutMs: 5_000 });
  const release = worker.engine.calls.hold('attach');
  const end = worker.invoke(worker.version());
  await worker.clock.advance(5_000);
  expect((await end).outcome.code).toBe('engine');
  release();
  await worker.settle();
  expect(worker.engine.containers.size).toBe(0);
});

test('does not fill up in a loop while every creation fails', async () => {
  await using worker = new FakeWorker();
  await worker.sandboxes.start();
  worker.engine.calls.refuse('createContainer', new GantryError('DOCKER_UNAVAILABLE', 'no'), 1_000);
  worker.sandboxes.warm(worker.version());
  await worker.clock.advance(30_000);
  expect(worker.engine.calls.count('createContainer')).toBeLessThanOrEqual(6);
});

test('replaces a ready sandbox that died unseen, so that the caller notices nothing', async () => {
  await using worker = new FakeWorker();
  const version = worker.version();
  await worker.invoke(version);
  await worker.settle();
  for (const container of worker.engine.containers.values()) container.kill(137);
  await worker.settle();
  expect((await worker.invoke(version)).outcome.code).toBe('ok');
});

test('replaces one that dies while the start is recorded', async () => {
  await using worker = new FakeWorker();
  const version = worker.version();
  await worker.invoke(version);
  await worker.settle();
  let told = 0;
  const onStarted = async (): Promise<void> => {
    told += 1;
    for (const container of worker.engine.containers.values()) container.kill(137);
    await worker.settle();
  };
  const end = await worker.invoke(version, { onStarted });
  expect([end.outcome.code, told]).toEqual(['ok', 1]);
});

test('does not start a plugin again and again that dies while idle', async () => {
  await using worker = new FakeWorker();
  await worker.sandboxes.start();
  worker.programs.set('dies', () => 1);
  const version = worker.version('dies');
  worker.sandboxes.warm(version);
  await worker.clock.advance(30_000);
  expect(worker.engine.calls.count('startContainer')).toBeLessThanOrEqual(6);
  expect((await worker.invoke(version)).outcome).toMatchObject({ code: 'plugin_error', pluginCode: 'exit_1' });
});

test('ends the idle sandboxes of a replaced version and lets busy ones finish', async () => {
  await using worker = new FakeWorker();
  const release = Promise.withResolvers<undefined>();
  worker.programs.set('slow', async (process) => {
    await release.promise;
    return await HONEST(process);
  });
  const version = worker.version('slow');
  const end = worker.invoke(version);
  await worker.settle();
  expect([worker.count('busy'), worker.count('idle')]).toEqual([1, 1]);
  worker.sandboxes.retire(version);
  await worker.settle();
  expect([worker.count('busy'), worker.count('idle')]).toEqual([1, 0]);
  release.resolve(undefined);
  expect((await end).outcome.code).toBe('ok');
  await worker.settle();
  expect(worker.engine.containers.size).toBe(0);
});

test('leaves no container and no timer behind when it is disposed of', async () => {
  const worker = new FakeWorker();
  await worker.sandboxes.start();
  await worker.invoke(worker.version());
  await worker[Symbol.asyncDispose]();
  expect(worker.engine.containers.size).toBe(0);
  expect(worker.clock.pendingTimers).toBe(0);
});

test('serves a version that was built again from its new image, also when the old one is gone', async () => {
  await using worker = new FakeWorker();
  const version = worker.version();
  expect((await worker.invoke(version)).outcome.code).toBe('ok');
  worker.engine.images.remove('puppet:1');
  worker.engine.images.add('puppet:2');
  const again = { ...version, imageId: 'puppet:2' };
  expect((await worker.invoke(again)).outcome.code).toBe('ok');
  worker.sandboxes.retire(version);
  await worker.settle();
  const images = [...worker.engine.containers.values()].map(({ body }) => body['Image']);
  expect(images).toEqual(['puppet:2']);
});
