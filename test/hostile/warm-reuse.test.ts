// Sandboxes that serve again, on a real engine: what one invocation leaves behind meets no other, and what breaks is never used again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PluginVersion } from '../../src/core/plugin.ts';
import { until } from '../support/engine/until.ts';
import { poolLimits } from '../support/sandbox/versions.ts';
import { WarmStand } from '../support/sandbox/warm-stand.ts';

let warm: WarmStand;
let canMeter = false;
beforeAll(async () => {
  // A grace that a plugin on a busy machine can keep.
  warm = await WarmStand.open({ graceMs: 60_000 });
  canMeter = await warm.stand.canMeter();
});
afterAll(async () => {
  const { stand } = warm;
  stand.retireAll();
  await until('no sandbox is left', () => stand.sandboxes.states().length === 0);
  expect(await stand.containers()).toEqual([]);
  await warm[Symbol.asyncDispose]();
});

describe('warm', () => {
  test('serves many invocations in one process, and says that it was found clean', async () => {
    const version = warm.version('warm');
    const first = await warm.see(version, { act: 'leave_file' });
    const second = await warm.see(version);
    expect(first).toMatchObject({ runs: 1, kind: 'cold', cleanliness: 'fresh' });
    const cleanliness = canMeter ? 'reused-clean' : 'reused-unverified';
    expect(second).toMatchObject({ runs: 2, kind: 'warm', cleanliness, pid: first['pid'], tmp: [] });
    expect(second.sandboxId).toBe(first.sandboxId);
  });

  test.each(['leave_process', 'leave_file_writer', 'keep_memory'])('discards a sandbox after %s', async (act) => {
    if (!canMeter) return;
    const version = warm.version('warm');
    const first = await warm.see(version, { act });
    const second = await warm.see(version);
    expect(second).toMatchObject({ runs: 1, tmp: [] });
    expect(second.sandboxId).not.toBe(first.sandboxId);
    expect(warm.stopReason(first.sandboxId)).toContain('unclean');
  });

  test('turns a stray print into a log line of its invocation', async () => {
    const end = await warm.call(warm.version('warm'), { act: 'print', text: 'not a frame' });
    expect(end.outcome.code).toBe('ok');
    await until('the line came', () => end.logs.some(({ message }) => message === 'not a frame'));
  });

  test('keeps sandboxes of different secrets apart', async () => {
    const version = warm.version('warm', { plugin: { secrets: ['TOKEN'] } });
    const first = await warm.see(version, {}, { secrets: { TOKEN: 'first-secret' } });
    const other = await warm.see(version, {}, { secrets: { TOKEN: 'other-secret' } });
    expect(first['secrets']).toEqual(['first-secret']);
    expect(other).toMatchObject({ secrets: ['other-secret'], runs: 1 });
    expect(warm.stopReason(first.sandboxId)).toBe('other secrets');
  });
});

describe('fork', () => {
  test('gives every invocation a process of its own from one sandbox', async () => {
    const version = warm.version('fork');
    const first = await warm.see(version, { act: 'leave_file' });
    const second = await warm.see(version, { act: 'leave_process' });
    const third = await warm.see(version);
    expect([first['runs'], second['runs'], third['runs']]).toEqual([1, 1, 1]);
    expect(new Set([first['pid'], second['pid'], third['pid']]).size).toBe(3);
    expect(new Set([first.sandboxId, second.sandboxId, third.sandboxId]).size).toBe(1);
    expect(third).toMatchObject({ kind: 'forked', cleanliness: 'forked', tmp: [] });
  });
});

describe('never', () => {
  test('closes a stream sandbox after one run', async () => {
    const version = warm.version('never');
    const first = await warm.see(version);
    const second = await warm.see(version);
    expect([first['runs'], second['runs']]).toEqual([1, 1]);
    expect(second.sandboxId).not.toBe(first.sandboxId);
  });
});

describe('several at once', () => {
  /** Invocations that wait for a `cancel`, all in one sandbox. */
  async function together(
    version: PluginVersion,
    stops: readonly AbortController[],
  ): Promise<ReturnType<typeof warm.call>[]> {
    const { events } = warm.stand;
    const before = events.of('sandboxTaken').length;
    const ends = stops.map(({ signal: stop }) => warm.call(version, { act: 'until_cancelled' }, { stop }));
    await until('all are at work', () => events.of('sandboxTaken').length === before + stops.length);
    return ends;
  }

  test('end as lost when one of them lets its time pass, and never meet its late answer', async () => {
    const version = warm.version('warm', { plugin: { concurrency: 3, pool: poolLimits({ max: 1 }) } });
    const ends = await together(version, [new AbortController(), new AbortController()]);
    const slow = await warm.call(version, { act: 'hang' }, { timeoutMs: 2_000 });
    const [first, second] = await Promise.all(ends);
    expect([slow, first, second].map((end) => end?.outcome.code)).toEqual(['timeout', 'lost', 'lost']);
    expect(new Set([slow, first, second].map((end) => end?.sandboxId)).size).toBe(1);
    expect(await warm.see(version)).toMatchObject({ runs: 1 });
  });

  test('go on in their sandbox when one of them obeys its cancel', async () => {
    const version = warm.version('warm', { plugin: { concurrency: 3, pool: poolLimits({ max: 1 }) } });
    const [one, other] = [new AbortController(), new AbortController()];
    const [first, second] = await together(version, [one, other]);
    one.abort('cancelled');
    expect((await first)?.outcome.code).toBe('cancelled');
    const beside = await warm.see(version);
    other.abort('cancelled');
    const last = await second;
    expect(last?.outcome.code).toBe('cancelled');
    expect(beside).toMatchObject({ runs: 3, cleanliness: 'reused-unverified' });
    expect(beside.sandboxId).toBe(last?.sandboxId);
    expect((await warm.see(version)).sandboxId).toBe(beside.sandboxId);
  });
});

describe('a sandbox whose invocation ended', () => {
  test.each([
    ['crash', 'crash'],
    ['hang', 'timeout'],
  ])('by %s is not used again, and the next call works', async (act, code) => {
    const version = warm.version('warm');
    await warm.see(version);
    const end = await warm.call(version, { act }, act === 'hang' ? { timeoutMs: 2_000 } : {});
    expect(end.outcome.code).toBe(code);
    const next = await warm.see(version);
    expect(next).toMatchObject({ runs: 1 });
    expect(next.sandboxId).not.toBe(end.sandboxId);
  });

  test('by cancelling is not used again, although the plugin obeyed', async () => {
    const version = warm.version('warm');
    const stop = new AbortController();
    const ending = warm.call(version, { act: 'until_cancelled' }, { stop: stop.signal });
    await until('it runs', () =>
      warm.stand.sandboxes.states().some((one) => one.state === 'busy' && one.pluginVersion === version.id),
    );
    stop.abort('cancelled');
    const end = await ending;
    expect(end.outcome.code).toBe('cancelled');
    expect((await warm.see(version)).sandboxId).not.toBe(end.sandboxId);
  });
});
