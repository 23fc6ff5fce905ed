// Plugins of protocol `stream` over both transports, on a real engine: the plugin cannot tell which one it has, and where pipes do not work
// the other one is taken.
import { describe, expect, test } from 'vitest';
import type { NamedPipes } from '../../../src/core/ports/named-pipes.ts';
import { TRANSPORTS, type Transport } from '../../../src/core/sandbox.ts';
import { canPipe } from '../../support/engine/can-pipe.ts';
import { until } from '../../support/engine/until.ts';
import { WarmStand } from '../../support/sandbox/warm-stand.ts';

/** An engine that sees other files than we do: the folder that it is told is none there. */
function unseen(pipes: NamedPipes): NamedPipes {
  return {
    sweep: () => pipes.sweep(),
    make: async (...request) => {
      const pair = await pipes.make(...request);
      return {
        ...{ folder: `/not-there${pair.folder}`, opened: pair.opened, isOpened: false },
        join: (engine) => pair.join(engine),
        [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
      };
    },
  };
}

const works = await canPipe();
const expected = (transport: Transport): Transport => (works ? transport : 'attach');

describe.each(TRANSPORTS)('by %s', (wanted) => {
  test('a plugin sees the same command, environment and first process, and answers the same', async () => {
    await using warm = await WarmStand.open({}, { transport: wanted === 'fifo' ? 'auto' : 'attach' });
    const version = warm.version('warm');
    const first = await warm.call(version, { act: 'look_around' });
    expect(first).toMatchObject({
      outcome: { code: 'ok' },
      transport: expected(wanted),
      result: {
        pid: 1,
        command: ['/usr/bin/python3', '/plugin/main.py'],
        environment: ['HOME', 'HOSTNAME', 'LANG', 'PATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONUNBUFFERED', 'TMPDIR'],
      },
    });
    const text = 'ż🦔'.repeat(150_000);
    const second = await warm.call(version, { act: 'print', text });
    expect(second).toMatchObject({ outcome: { code: 'ok' }, transport: expected(wanted), result: { runs: 2 } });
    await until('stderr came, by the engine in either case', () =>
      second.logs.some(({ message }) => message.startsWith('ż🦔')),
    );
    const forked = warm.version('fork');
    expect(await warm.call(forked, {})).toMatchObject({ outcome: { code: 'ok' }, transport: expected(wanted) });
  });
});

test('takes the stream of the engine when the engine does not see our files, and says so once', async () => {
  await using warm = await WarmStand.open({}, { alterPipes: unseen });
  const end = await warm.call(warm.version('warm'), {});
  expect(end).toMatchObject({ outcome: { code: 'ok' }, transport: 'attach' });
  const { stand } = warm;
  const state = stand.sandboxes.transport();
  expect(state.transport).toBe('attach');
  if (stand.whyNoPipes !== null) return;
  expect(state.reason).toContain('/not-there');
  expect(stand.logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});
