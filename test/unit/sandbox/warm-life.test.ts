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

test('leaves no timer and no container behind', async () => {
  const worker = new FakeWorker();
  await worker.invoke(plugin(worker), CALL);
  await worker[Symbol.asyncDispose]();
  expect([worker.clock.pendingTimers, worker.engine.containers.size]).toEqual([0, 0]);
});
