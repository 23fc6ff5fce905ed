// A GiB on stdout: cut off at the limit, and never held in memory.
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('ends a flood at the output limit, with limit and use, and holds no more than the limit of it', async () => {
  const { result, heldBytes } = await mostHeldDuring(() => stand.act(stand.version(), [{ step: 'flood', bytes: GiB }]));
  expect(result).toMatchObject({ outcome: { code: 'output_limit', breach: { limit: 'outputBytes', value: 8 * MiB } } });
  expect('breach' in result.outcome ? result.outcome.breach.used : 0).toBeGreaterThan(8 * MiB);
  expect(heldBytes).toBeLessThanOrEqual(32 * MiB);
});

test('holds the limit at the byte', async () => {
  const version = stand.version({ limits: { outputBytes: 10_000 } });
  expect((await stand.act(version, [{ step: 'big_result', bytes: 10_000 }])).outcome.code).toBe('ok');
  expect((await stand.act(version, [{ step: 'big_result', bytes: 10_001 }])).outcome).toMatchObject({
    code: 'output_limit',
    breach: { value: 10_000, used: 10_001 },
  });
});
