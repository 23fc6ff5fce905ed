// An honest plugin through a real sandbox: without it, that attacks fail would prove nothing.
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

test('gives an honest plugin its request and takes result, logs, use and time', async () => {
  const end = await stand.act(stand.version(), [{ step: 'echo' }, { step: 'log', message: 'hello', fields: { n: 1 } }]);
  expect(end).toMatchObject({
    outcome: { code: 'ok' },
    result: { request: { protocol: '1.0', method: 'run', context: { hook: 'act' } } },
    warnings: [],
    cleanliness: 'fresh',
    logs: [{ level: 'info', message: 'hello n=1' }],
  });
  expect(Object.values(end.phases).every((phase) => phase !== null && phase >= 0)).toBe(true);
});

test('gives every invocation a fresh sandbox with a user of its own, also when one stood ready', async () => {
  const version = stand.version();
  const steps = [{ step: 'mark' }, { step: 'status' }] as const;
  const first = await stand.see(version, ...steps);
  const second = await stand.see(version, ...steps);
  expect([first[0], second[0]]).toMatchObject([{ found: false }, { found: false }]);
  expect(first[1]?.['Uid']).not.toBe(second[1]?.['Uid']);
});

test('runs many at once, each with its own answer', async () => {
  const version = stand.version({ plugin: { pool: poolLimits({ min: 0, max: 8, idleMs: 60_000 }) } });
  const ends = await Promise.all(
    Array.from({ length: 12 }, (_, n) => stand.act(version, [{ step: 'merge', data: { n } }])),
  );
  expect(ends.map((end) => end.result)).toMatchObject(Array.from({ length: 12 }, (_, n) => ({ n })));
});

test('takes a result of exactly the message limit and input of the same size', async () => {
  const size = 8 * 1024 * 1024;
  const version = stand.version({ limits: { memoryBytes: 256 * 1024 * 1024, timeoutMs: 150_000, cpuTimeMs: 75_000 } });
  const end = await stand.act(version, [{ step: 'big_result', bytes: size }]);
  expect([end.outcome.code, end.usage.outputBytes]).toEqual(['ok', size]);
  const big = await stand.act(version, [
    { step: 'sleep', seconds: 0 },
    { step: 'merge', data: { x: 'y'.repeat(size / 2) } },
  ]);
  expect(big.outcome.code).toBe('ok');
});
