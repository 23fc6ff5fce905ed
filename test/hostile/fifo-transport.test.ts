// A plugin against the named pipes it talks by: it can change nothing about them, and whatever it does with them harms nobody but itself.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import { canPipe } from '../support/engine/can-pipe.ts';
import { soon } from '../support/engine/test-engine.ts';
import { until } from '../support/engine/until.ts';
import { mostHeldDuring } from '../support/sandbox/held-memory.ts';
import { Stand } from '../support/sandbox/stand.ts';
import { WarmStand } from '../support/sandbox/warm-stand.ts';

const MiB = 1024 ** 2;
const ATTACKER = join(import.meta.dirname, '../support/sandbox/pipe-attacker.py');
const ABANDONED = new URL('../support/sandbox/abandoned-pipes.ts', import.meta.url);

describe.skipIf(!(await canPipe()))('a plugin on named pipes', () => {
  let warm: WarmStand;
  let canMeter = false;
  beforeAll(async () => {
    warm = await WarmStand.open({}, {}, ATTACKER);
    canMeter = await warm.stand.canMeter();
  });
  afterAll(async () => {
    const { stand } = warm;
    stand.retireAll();
    await until('no sandbox is left', () => stand.sandboxes.states().length === 0);
    expect(readdirSync(stand.pipesFolder)).toEqual([]);
    await warm[Symbol.asyncDispose]();
  });

  /** That the pipes of the sandbox are no more, on the host either. */
  async function untilGone(sandboxId: string | null): Promise<void> {
    const folder = join(warm.stand.pipesFolder, sandboxId ?? 'none');
    await until('the pipes are gone from the host', () => !existsSync(folder));
  }

  test('finds two pipes and nothing else, can use each one way only, and can change nothing', async () => {
    const end = await warm.call(warm.version('warm'), { act: 'look' });
    expect(end).toMatchObject({ outcome: { code: 'ok' }, transport: 'fifo' });
    const [denied, sealed] = ['EACCES', 'EROFS'];
    expect(end.result).toMatchObject({
      seen: {
        ...{ list: denied, beside: ['io'], owns: [false, false, false], propagation: [] },
        ...{ 'write in': denied, 'both in': denied, 'read out': denied },
        ...{ 'read own stdout': denied, 'write own stdin': denied },
        ...{ create: sealed, mkdir: sealed, mkfifo: sealed, unlink: sealed, rename: sealed, link: 'EXDEV' },
        ...{ chmod: sealed, 'chmod open': sealed, chown: sealed, touch: sealed },
        mount: [expect.stringMatching(/^ro,/) as string],
      },
    });
    expect(readdirSync(join(warm.stand.pipesFolder, end.sandboxId ?? '')).sort()).toEqual(['in', 'out']);
  });

  test('is ended at a line without an end, which nobody holds, and its pipes go with it', async () => {
    const version = warm.version('warm');
    const { result: end, heldBytes } = await mostHeldDuring(() => warm.call(version, { act: 'long_line' }));
    expect(end).toMatchObject({ outcome: { code: 'protocol', violation: 'too_large' }, transport: 'fifo' });
    expect(heldBytes).toBeLessThanOrEqual(32 * MiB);
    await untilGone(end.sandboxId);
    expect((await warm.call(version, {})).outcome.code).toBe('ok');
  });

  test('opens its pipes as often as its limit of files, makes them no larger than the kernel lets anybody, and goes on', async () => {
    const version = warm.version('warm');
    expect((await warm.call(version, { act: 'grow' })).result).toMatchObject({ seen: { 'to 64 MiB': 'EPERM' } });
    const end = await warm.call(version, { act: 'open_often' });
    expect(end.result).toMatchObject({ seen: { error: 'EMFILE' } });
    expect(end.outcome.code).toBe('ok');
  });

  test('with a second reader of its input is not used again', async () => {
    if (!canMeter) return;
    const version = warm.version('warm');
    const first = await warm.call(version, { act: 'second_reader' });
    const second = await warm.call(version, {});
    expect([first.outcome.code, second.outcome.code]).toEqual(['ok', 'ok']);
    expect(second.sandboxId).not.toBe(first.sandboxId);
    await untilGone(first.sandboxId);
  });

  test('whose own thread steals its requests ends at its timeout, and its pipes go with it', async () => {
    const version = warm.version('warm', { plugin: { idempotent: false } });
    const first = await warm.call(version, { act: 'reading_thread' });
    expect(first.outcome.code).toBe('ok');
    for (let count = 0; count < 50; count += 1) {
      const next = await warm.call(version, {}, { timeoutMs: 1_000 });
      if (next.outcome.code === 'ok') continue;
      expect(['timeout', 'protocol', 'crash', 'plugin_error']).toContain(next.outcome.code);
      await untilGone(next.sandboxId);
      return;
    }
  });

  test('cannot have the answers of a process that it left behind taken for results', async () => {
    if (!canMeter) return;
    const version = warm.version('warm');
    const first = await warm.call(version, { act: 'later_writer' });
    expect(first.outcome.code).toBe('ok');
    const second = await warm.call(version, {});
    expect(second).toMatchObject({ outcome: { code: 'ok' }, result: { seen: null } });
    expect(second.sandboxId).not.toBe(first.sandboxId);
    // Its process held the pipe open and wrote into it to the end.
    await untilGone(first.sandboxId);
  });

  test('sees the end of its input when the program is killed, and the next start sweeps up', async () => {
    const instanceId = `test-${new SystemIds().randomHex(8)}`;
    const pipesFolder = mkdtempSync(join(tmpdir(), 'gantry-pipes-'));
    const child = fork(ABANDONED, [instanceId, pipesFolder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [told] = (await once(child, 'message')) as [{ transport: string; containerId: string }];
    expect(told.transport).toBe('fifo');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { engine } = warm.stand;
    await until('the idle sandbox ended by itself', async () => {
      const facts = await engine.inspectContainer(told.containerId, soon());
      return facts?.isRunning === false;
    });
    expect((await engine.inspectContainer(told.containerId, soon()))?.exitCode).toBe(0);
    expect(readdirSync(pipesFolder)).not.toEqual([]);
    await using next = await Stand.open({ instanceId, reapIntervalMs: 1_000 }, { pipesFolder });
    expect(readdirSync(pipesFolder)).toEqual([]);
    await until('the container is reaped', async () => (await next.containers()).length === 0);
    rmSync(pipesFolder, { recursive: true, force: true });
  });
});
