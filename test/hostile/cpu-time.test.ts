// A busy loop: the CPU share throttles it, the CPU time ends it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test('ends a busy loop at its CPU time where that can be read, and at its timeout everywhere', async () => {
  const canMeter = await stand.canMeter();
  const version = stand.version({ limits: { cpuTimeMs: 400, timeoutMs: canMeter ? 170_000 : 5_000 } });
  const { outcome } = await stand.act(version, [{ step: 'cpu', seconds: 1_000 }]);
  const limit = canMeter ? 'cpuTimeMs' : 'timeoutMs';
  expect(outcome).toMatchObject({ code: canMeter ? 'cpu_time' : 'timeout', breach: { limit } });
  if (canMeter) expect('breach' in outcome ? outcome.breach.used : 0).toBeGreaterThanOrEqual(400);
});

test('does not count what a sandbox used before its invocation', async () => {
  const version = stand.version({ limits: { cpuTimeMs: 60_000 } });
  const end = await stand.act(version, [{ step: 'cpu', seconds: 0.2 }]);
  expect(end.outcome.code).toBe('ok');
});
