// What a run of `reuse: fork` can do to the next one, and to the process that both are forked from: nothing that the next one sees. The attacks
// are in test/support/sandbox/nosy-plugin.py.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/engine/until.ts';
import { eachTransport } from '../support/sandbox/each-transport.ts';
import { WarmStand } from '../support/sandbox/warm-stand.ts';

const NOSY = join(import.meta.dirname, '../support/sandbox/nosy-plugin.py');
const REFUSED = expect.stringMatching(/^(?:EACCES|EPERM)$/) as string;

describe.each(await eachTransport())('a forked run, by $transport,', ({ transport, setting }) => {
  let warm: WarmStand;
  beforeAll(async () => {
    warm = await WarmStand.open({}, setting, NOSY);
  });
  afterAll(async () => {
    const { stand } = warm;
    stand.retireAll();
    await until('no sandbox is left', () => stand.sandboxes.states().length === 0);
    await warm[Symbol.asyncDispose]();
  });

  test('finds everything as if no other had run before it, whatever that one changed', async () => {
    const version = warm.version('fork');
    const before = await warm.see(version, { act: 'state' });
    const changed = await warm.see(version, { act: 'change' });
    const after = await warm.see(version, { act: 'state' });
    expect(after['seen']).toEqual(before['seen']);
    expect(after).toMatchObject({ sandboxId: before.sandboxId, kind: 'forked' });
    expect(new Set([before['pid'], changed['pid'], after['pid']]).size).toBe(3);
    // Each of the changes is one: what was seen of it before is seen no more.
    const [first, second] = [before['seen'], changed['seen']] as Record<string, unknown>[];
    const unchanged = Object.keys(first ?? {}).filter(
      (name) => JSON.stringify(first?.[name]) === JSON.stringify(second?.[name]),
    );
    expect(unchanged).toEqual([]);
  });

  test('cannot look into the process that it was forked from, nor take anything out of it', async () => {
    const version = warm.version('fork');
    const end = await warm.call(version, { act: 'pry_both' });
    expect(end).toMatchObject({ outcome: { code: 'ok' }, transport });
    const { first, 'own child': child } = (end.result as { seen: Record<string, Record<string, string>> }).seen;
    expect(first).toEqual(Object.fromEntries(Object.keys(child ?? {}).map((name) => [name, REFUSED])));
    const open = Object.entries(child ?? {}).filter(([, fared]) => fared === 'done');
    const byFile = [
      'cwd',
      'environ',
      'link fd',
      'list fd',
      'maps',
      'mem',
      'open fd',
      'root',
      'smaps',
      'thread fd',
      'write mem',
    ];
    expect(open.map(([name]) => name).sort()).toEqual(byFile);
  });

  test.each(['SIGKILL', 'SIGTERM', 'SIGSTOP', 'SIGSEGV'])(
    'that sends that process a %s, as the same user may, harms nothing: the kernel spares the first process',
    async (name) => {
      const version = warm.version('fork');
      const struck = await warm.see(version, { act: 'strike', signals: [name] });
      expect(struck).toMatchObject({ seen: { [name]: 'done' } });
      expect(await warm.see(version)).toMatchObject({ sandboxId: struck.sandboxId, files: [] });
    },
  );

  test('that ends that process by a signal for which Python has an answer ends its own sandbox, and crashes', async () => {
    const version = warm.version('fork');
    const struck = await warm.call(version, { act: 'strike', signals: ['SIGINT'] });
    expect(struck).toMatchObject({ outcome: { code: 'crash' }, result: null });
    const next = await warm.see(version);
    expect(next.sandboxId).not.toBe(struck.sandboxId);
  });
});
