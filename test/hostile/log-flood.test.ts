// A GiB on stderr: the logs are cut with a notice, the rest is read and thrown away, and the plugin still gets its result through.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DiskUse } from '../support/sandbox/disk-use.ts';
import { mostHeldDuring } from '../support/sandbox/held-memory.ts';
import { Stand } from '../support/sandbox/stand.ts';

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('keeps the first part of a flood of logs and the result after it, in little memory and nothing on disk', async () => {
  const version = stand.version({ limits: { cpus: 1, timeoutMs: 1_500_000, cpuTimeMs: 1_500_000 } });
  const flood = [{ step: 'flood', bytes: GiB, stream: 'stderr' }];
  const disk = new DiskUse();
  const { result, heldBytes } = await mostHeldDuring(() =>
    stand.act(version, flood, {
      onStarted: (id) => {
        disk.watch(stand.containerOf(id));
        return Promise.resolve();
      },
    }),
  );
  await disk.stop();
  expect(result).toMatchObject({ outcome: { code: 'ok' }, usage: { logsBytes: GiB } });
  expect(result.warnings.map((warning) => warning.code)).toEqual(['LOGS_TRUNCATED']);
  expect(result.logs).toHaveLength(MiB / 1024 + 1);
  expect(result.logs.at(-1)).toMatchObject({ level: 'warn' });
  expect(disk.samples.length).toBeGreaterThan(0);
  expect(Math.max(...disk.samples)).toBe(0);
  expect(heldBytes).toBeLessThanOrEqual(32 * MiB);
}, 1_600_000);

test('passes on exactly the limit', async () => {
  const version = stand.version({ limits: { logsBytes: 4_096 } });
  const exact = await stand.act(version, [{ step: 'flood', bytes: 4_096, stream: 'stderr' }]);
  expect([exact.logs.length, exact.warnings]).toEqual([4, []]);
  const over = await stand.act(version, [{ step: 'flood', bytes: 4_097, stream: 'stderr' }]);
  expect([over.logs.length, over.warnings.length]).toEqual([5, 1]);
});

test('escapes what would reach into a terminal or forge a line', async () => {
  const text = 'a\u001b[2J\rb\u202e\u2028c';
  const end = await stand.act(stand.version(), [{ step: 'print', text, stream: 'stderr' }]);
  expect(end.logs).toEqual([{ level: 'info', message: 'a\\u001b[2J\\rb\\u202e\\u2028c' }]);
});

test('lets the engine keep no log of its own', async () => {
  const version = stand.version();
  await stand.act(version, [{ step: 'hang' }], {
    timeoutMs: 1_000,
    onStarted: async (sandboxId) => {
      const facts = await stand.engine.inspectContainer(stand.containerOf(sandboxId), {
        signal: new AbortController().signal,
      });
      expect(facts?.body['LogPath']).toBe('');
      expect(facts?.body['HostConfig']).toMatchObject({ LogConfig: { Type: 'none' } });
    },
  });
});
