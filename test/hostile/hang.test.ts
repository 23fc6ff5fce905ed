// Plugins that do not end, do not read, do not write, do not obey: a deadline ends each of them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

const limits = { timeoutMs: 2_000 };
const command = (option: string): { version: { command: string[] } } => ({
  version: { command: ['/usr/bin/python3', '/plugin/puppet.py', option] },
});

test('ends a plugin that hangs', async () => {
  const end = await stand.act(stand.version({ limits }), [{ step: 'hang' }]);
  expect(end.outcome).toMatchObject({ code: 'timeout', breach: { limit: 'timeoutMs', value: 2_000 } });
});

test('ends a plugin that closed its output and hangs', async () => {
  const end = await stand.act(stand.version({ limits }), [
    { step: 'close_stdout' },
    { step: 'close_stderr' },
    { step: 'hang' },
  ]);
  expect(end.outcome.code).toBe('timeout');
});

test('ends a plugin that wrote its result and stays', async () => {
  const end = await stand.act(stand.version({ limits }), [{ step: 'late_result', seconds: 3_600 }]);
  expect(end).toMatchObject({ outcome: { code: 'timeout' }, result: null });
});

test('ends a plugin that never reads its 8 MiB of input', async () => {
  const version = stand.version({ limits, ...command('--never-read') });
  const end = await stand.invoke(version, Buffer.alloc(8 * 1024 * 1024, 32));
  expect(end).toMatchObject({ outcome: { code: 'timeout' }, phases: { sendMs: null } });
});

test('cancels a plugin politely, and one that ignores SIGTERM by force', async () => {
  for (const steps of [[], [{ step: 'ignore_term' }]]) {
    const stop = new AbortController();
    const version = stand.version({ limits: { timeoutMs: 170_000, cpuTimeMs: 170_000 } });
    const ended = stand.act(version, [...steps, { step: 'print', text: 'up', stream: 'stderr' }, { step: 'hang' }], {
      stop: stop.signal,
      onLog: () => {
        stop.abort('cancelled');
      },
    });
    expect((await ended).outcome.code).toBe('cancelled');
  }
});

test('leaves nothing running behind', async () => {
  await stand.sandboxes[Symbol.asyncDispose]();
  expect(await stand.containers()).toEqual([]);
});
