// What an invocation leaves in a sandbox that serves again, on both transports: it never meets the next one. A plugin that keeps its SDK from
// wiping /tmp is in test/support/sandbox/nosy-plugin.py.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/engine/until.ts';
import { eachTransport } from '../support/sandbox/each-transport.ts';
import { WarmStand } from '../support/sandbox/warm-stand.ts';

const NOSY = join(import.meta.dirname, '../support/sandbox/nosy-plugin.py');
const MiB = 1024 ** 2;
/** Enough for the kernel to count it at once, on a machine with many processors, too. */
const COUNTED_AT_ONCE = 8 * MiB;

describe.each(await eachTransport())('by $transport', ({ transport, setting }) => {
  let warm: WarmStand;
  let canMeter = false;
  let canSeeTmp = false;
  beforeAll(async () => {
    warm = await WarmStand.open({}, setting, NOSY);
    const { stand } = warm;
    const first = await warm.call(warm.version('warm'));
    using gauge = await stand.usage.open(stand.containerOf(first.sandboxId ?? ''));
    canMeter = gauge !== null;
    // Needs root's rights on the engine's host.
    canSeeTmp = (gauge?.tmpUse() ?? null) !== null;
  });
  afterAll(async () => {
    const { stand } = warm;
    stand.retireAll();
    await until('no sandbox is left', () => stand.sandboxes.states().length === 0);
    await warm[Symbol.asyncDispose]();
  });

  test.each([
    ['an empty file', 0],
    ['a file of one byte', 1],
    ['a file of 5 KiB', 5 * 1024],
    ['a file of 1 MiB', MiB],
    ['a file of 8 MiB', COUNTED_AT_ONCE],
  ])('%s in /tmp that the SDK did not wipe leads to a discard', async (_what, bytes) => {
    if (!canMeter || (!canSeeTmp && bytes < COUNTED_AT_ONCE)) return;
    const version = warm.version('warm');
    const clean = await warm.see(version);
    const first = await warm.see(version, { act: 'spoil', bytes });
    const second = await warm.see(version);
    expect(first).toMatchObject({ sandboxId: clean.sandboxId, files: ['left'] });
    expect(second).toMatchObject({ files: [], kind: 'cold' });
    expect(second.sandboxId).not.toBe(first.sandboxId);
    expect(warm.stopReason(first.sandboxId)).toMatch(/^unclean: .* in \/tmp/);
  });

  test('the memory of a sandbox holds its own secrets, and none of those that another one has', async () => {
    const version = warm.version('warm', { plugin: { secrets: ['TOKEN'] } });
    // Patterns which are not the text that they find.
    const search = { act: 'search', patterns: ['[f]irst-secret', '[o]ther-secret'] };
    const ends = await Promise.all(
      ['first-secret', 'other-secret'].map((TOKEN) => warm.call(version, search, { secrets: { TOKEN } })),
    );
    const found = ends.map((end) => (end.result as { seen: { found: Record<string, number> } }).seen);
    expect(found.map((seen) => Object.values(seen.found).map((count) => count > 0))).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(found).toMatchObject([{ processes: ['1'] }, { processes: ['1'] }]);
    expect(new Set(ends.map(({ sandboxId }) => sandboxId)).size).toBe(2);
    expect(ends.map((end) => end.transport)).toEqual([transport, transport]);
  });
});
