// More memory than allowed: the plugin ends as oom; a child that is killed alone is a warning.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('ends a plugin that fills its memory, with limit and use', async () => {
  const end = await stand.act(stand.version(), [{ step: 'memory', mib: 500 }]);
  expect(end.outcome).toMatchObject({ code: 'oom', breach: { limit: 'memoryBytes', value: 128 * 1024 * 1024 } });
  expect(stand.events.of('quotaBreached').map((event) => event.limit)).toContain('memoryBytes');
});

test('counts what lies in /tmp as memory', async () => {
  const version = stand.version({ limits: { tmpBytes: 512 * 1024 * 1024 } });
  const end = await stand.act(version, [{ step: 'write', path: '/tmp/x', bytes: 400 * 1024 * 1024 }]);
  expect(end.outcome.code).toBe('oom');
});

test('only warns when a child is killed and the plugin goes on', async () => {
  const end = await stand.act(stand.version(), [
    { step: 'memory', mib: 500, child: true },
    { step: 'sleep', seconds: 3 },
  ]);
  expect(end).toMatchObject({ outcome: { code: 'ok' }, result: { seen: [{ child: -9 }, {}] } });
  expect(end.warnings.map((warning) => warning.code)).toEqual(['OOM_CHILD']);
});

test('tells a plain SIGKILL from it', async () => {
  const end = await stand.act(stand.version(), [{ step: 'signal', name: 'SIGKILL' }]);
  expect(end.outcome).toMatchObject({ code: 'crash', signal: 'SIGKILL' });
});
