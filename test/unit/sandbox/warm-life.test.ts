// The two ends of a reused sandbox's life over the fake engine: becoming ready, and leaving nothing behind.
import { expect, test } from 'vitest';
import { FakeWorker } from '../../support/sandbox/fake-worker.ts';
import { streamProgram, type StreamProgramOptions } from '../../support/sandbox/stream-program.ts';
import type { Plugin, PluginVersion } from '../../../src/core/plugin.ts';

const CALL = { nonce: 'abc', input: Buffer.from('{"invocation":{"nonce":"abc"}}') };

function plugin(
  worker: FakeWorker,
  changes: Partial<Omit<Plugin, 'limits'>> = {},
  options: StreamProgramOptions = {},
): PluginVersion {
  worker.programs.set('stream', streamProgram(options));
  return worker.version('stream', { plugin: { protocol: 'stream', reuse: 'warm', ...changes } });
}

test('a plugin that does not become ready ends as not_ready with its reason, and is left alone for a while', async () => {
  await using worker = new FakeWorker();
  const lifecycle = { onLoad: true, onShutdown: false, cancel: false, metadata: false, configUi: false };
  const version = plugin(worker, { lifecycle }, { capabilities: { onLoad: true }, loadError: 'no model file' });
  const end = await worker.invoke(version, CALL);
  expect(end.outcome).toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('no model file') as string,
  });
  const starts = worker.engine.calls.count('startContainer');
  expect((await worker.invoke(version, CALL)).outcome.code).toBe('not_ready');
  expect(worker.engine.calls.count('startContainer')).toBe(starts);
});

test('forks by the plugin, and says so', async () => {
  await using worker = new FakeWorker();
  const version = plugin(worker, { reuse: 'fork' });
  await worker.invoke(version, CALL);
  expect(await worker.invoke(version, CALL)).toMatchObject({ sandboxKind: 'forked', cleanliness: 'forked' });
});

const MiB = 1024 * 1024;
const CLEAN = {
  ...{ cpuTimeMs: 5, memoryBytes: 10 * MiB, memoryPeakBytes: 12 * MiB, anonBytes: 8 * MiB, shmemBytes: 0 },
  ...{ pids: 1, oomKills: 0, throttledMs: 0, pidsRefused: 0 },
};

test.each([
  ['of its processes is discarded', { memoryBytes: 60 * MiB, anonBytes: 50 * MiB }, 1],
  ['that is only cached serves on', { memoryBytes: 60 * MiB }, 2],
])('one with much memory %s, although the quick reading does not tell which it is', async (_what, left, count) => {
  await using worker = new FakeWorker();
  worker.meter.usage = CLEAN;
  worker.meter.tmp = { bytes: 0, files: 1 };
  const version = plugin(worker);
  const onStarted = (): Promise<void> => {
    worker.meter.usage = { ...CLEAN, ...left };
    return Promise.resolve();
  };
  await worker.invoke(version, { ...CALL, onStarted });
  await worker.clock.advance(1_000);
  worker.meter.usage = CLEAN;
  expect((await worker.invoke(version, CALL)).result).toEqual({ count });
});

test('leaves no timer and no container behind', async () => {
  const worker = new FakeWorker();
  await worker.invoke(plugin(worker), CALL);
  await worker[Symbol.asyncDispose]();
  expect([worker.clock.pendingTimers, worker.engine.containers.size]).toEqual([0, 0]);
});
