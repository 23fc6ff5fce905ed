// Processes without end: refused by the kernel at the exact bound, and all gone with the sandbox.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';
import { poolLimits } from '../support/sandbox/versions.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('refuses the process after the limit with EAGAIN', async () => {
  const version = stand.version({ limits: { pids: 20 } });
  expect(await stand.see(version, { step: 'fork', count: 1_000 })).toMatchObject([{ count: 19, errno: 'EAGAIN' }]);
});

test('counts threads as processes', async () => {
  const version = stand.version({ limits: { pids: 20 } });
  expect(await stand.see(version, { step: 'threads', count: 1_000 })).toMatchObject([
    { count: 19, errno: "can't start new thread" },
  ]);
});

test('gives the neighbour its full number meanwhile', async () => {
  const version = stand.version({
    limits: { pids: 20 },
    plugin: { pool: poolLimits({ min: 0, max: 4, idleMs: 60_000 }) },
  });
  const fork = { step: 'fork', count: 1_000 };
  const seen = await Promise.all(
    Array.from({ length: 4 }, () => stand.see(version, fork, { step: 'sleep', seconds: 1 })),
  );
  for (const [first] of seen) expect(first).toMatchObject({ count: 19, errno: 'EAGAIN' });
});

test('does not wait for orphans, whether they hold the output open or not', async () => {
  for (const step of ['orphan', 'orphan_pipe']) {
    const end = await stand.act(stand.version({ limits: { timeoutMs: 170_000 } }), [{ step, seconds: 3_600 }]);
    expect(end.outcome.code).toBe('ok');
  }
});
