// Sandboxes that serve again, on a real engine: what one invocation leaves behind meets no other, and what breaks is never used again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/engine/until.ts';
import { WarmStand } from '../support/sandbox/warm-stand.ts';

let warm: WarmStand;
let canMeter = false;
beforeAll(async () => {
  warm = await WarmStand.open();
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
