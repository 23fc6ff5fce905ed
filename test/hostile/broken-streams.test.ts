// Answers under `stream` that are none: too late, twice, for another, before they were asked for, cut, or without an end. Each has an outcome
// of its own, and never reaches the next caller. The plugin is test/support/sandbox/raw-plugin.py, which speaks without an SDK.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { until } from '../support/engine/until.ts';
import { eachTransport } from '../support/sandbox/each-transport.ts';
import { mostHeldDuring } from '../support/sandbox/held-memory.ts';
import { poolLimits } from '../support/sandbox/versions.ts';
import { WarmStand } from '../support/sandbox/warm-stand.ts';

const MiB = 1024 ** 2;
const FLOOD_MS = 600_000;
const RAW = join(import.meta.dirname, '../support/sandbox/raw-plugin.py');

describe.each(await eachTransport())('by $transport', ({ transport, setting }) => {
  let warm: WarmStand;
  beforeAll(async () => {
    warm = await WarmStand.open({ graceMs: 60_000 }, setting, RAW);
  });
  afterAll(async () => {
    const { stand } = warm;
    stand.retireAll();
    await until('no sandbox is left', () => stand.sandboxes.states().length === 0);
    await warm[Symbol.asyncDispose]();
  });

  /** That the next caller gets an answer of its own, from another sandbox. */
  async function expectOther(version: PluginVersion, sandboxId: string | null): Promise<void> {
    const next = await warm.call(version);
    expect(next).toMatchObject({ outcome: { code: 'ok' }, transport, result: { pid: 1 } });
    expect(next.sandboxId).not.toBe(sandboxId);
  }

  test('an answer after the time was up reaches nobody', async () => {
    const version = warm.version('warm', { plugin: { pool: poolLimits({ max: 1 }) } });
    const end = await warm.call(version, { act: 'late' }, { timeoutMs: 1_000 });
    expect(end).toMatchObject({ outcome: { code: 'timeout' }, result: null });
    await expectOther(version, end.sandboxId);
  });

  test.each([
    ['foreign', 'nonce'],
    ['early', 'early_result'],
  ])('%s: the answer is none, and the violation is %s', async (act, violation) => {
    const version = warm.version('warm');
    const end = await warm.call(version, { act });
    expect(end).toMatchObject({ outcome: { code: 'protocol', violation }, result: null });
    await expectOther(version, end.sandboxId);
  });

  test.each([
    ['twice', 'first'],
    ['early_after', 'mine'],
  ])('%s: the own answer counts, and the sandbox is not used again', async (act, result) => {
    const version = warm.version('warm');
    const end = await warm.call(version, { act });
    expect(end).toMatchObject({ outcome: { code: 'ok' }, result });
    await expectOther(version, end.sandboxId);
  });

  test('an answer in two pieces is one, wherever it is cut', async () => {
    const version = warm.version('warm');
    for (const at of [1, 2, 20, 40, 60, -20, -2, -1])
      expect(await warm.call(version, { act: 'cut', at })).toMatchObject({ outcome: { code: 'ok' }, result: 'whole' });
  });

  test.each([1, 30, 100])('an answer that ends after %i bytes is none', async (at) => {
    const version = warm.version('warm');
    const end = await warm.call(version, { act: 'cut_off', at });
    expect(end).toMatchObject({ outcome: { code: 'protocol', violation: 'truncated' }, result: null });
    await expectOther(version, end.sandboxId);
  });

  test(
    'a million messages are a flood, and a line of a gigabyte is too long: neither is held',
    async () => {
      const version = warm.version('warm', { limits: { timeoutMs: FLOOD_MS, cpuTimeMs: FLOOD_MS } });
      const frames = await mostHeldDuring(() => warm.call(version, { act: 'frames' }));
      expect(frames.result).toMatchObject({ outcome: { code: 'protocol', violation: 'flood' }, result: null });
      expect(frames.heldBytes).toBeLessThanOrEqual(32 * MiB);
      const line = await mostHeldDuring(() => warm.call(version, { act: 'long_line' }));
      expect(line.result).toMatchObject({ outcome: { code: 'protocol', violation: 'too_large' }, result: null });
      expect(line.heldBytes).toBeLessThanOrEqual(32 * MiB);
      await expectOther(version, line.result.sandboxId);
    },
    FLOOD_MS,
  );

  test('one that breaks the protocol loses those beside it in its sandbox, and no other', async () => {
    const version = warm.version('warm', { plugin: { concurrency: 3, pool: poolLimits({ max: 1 }) } });
    const { events } = warm.stand;
    const before = events.of('sandboxTaken').length;
    const beside = [warm.call(version, { act: 'hold' }), warm.call(version, { act: 'hold' })];
    await until('both are at work', () => events.of('sandboxTaken').length === before + beside.length);
    const bad = await warm.call(version, { act: 'foreign' });
    const ends = [bad, ...(await Promise.all(beside))];
    expect(ends.map(({ outcome }) => outcome.code)).toEqual(['protocol', 'lost', 'lost']);
    expect(bad.outcome).toMatchObject({ violation: 'nonce' });
    expect(new Set(ends.map(({ sandboxId }) => sandboxId)).size).toBe(1);
    await expectOther(version, bad.sandboxId);
  });

  test('secrets reach only the sandbox of those who have them', async () => {
    const version = warm.version('warm', { plugin: { secrets: ['TOKEN'] } });
    const [one, other] = [{ TOKEN: 'first-secret' }, { TOKEN: 'other-secret' }];
    const first = await warm.call(version, {}, { secrets: one });
    const second = await warm.call(version, {}, { secrets: other });
    expect([first.result, second.result]).toMatchObject([{ secrets: one }, { secrets: other }]);
    expect(second.sandboxId).not.toBe(first.sandboxId);
  });
});
