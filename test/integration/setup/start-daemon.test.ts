// Set-up starts the engine again on the machine where everything was killed at once, whatever the dead have left behind.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemon, stopDaemon, type DaemonSite } from '../../../docker/setup/daemon.mjs';
import { pingEngine } from '../../../docker/setup/ping-engine.mjs';
import { isProcessAlive } from '../../../docker/setup/process-state.mjs';
import { canRunPrivateDaemon, readPid, siteIn } from '../../support/engine/private-daemon.ts';

describe.skipIf(!canRunPrivateDaemon())('the start of a Docker daemon', { timeout: 600_000 }, () => {
  let folder: string;
  let site: DaemonSite;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gnt-'));
    site = siteIn(folder);
  });

  afterAll(async () => {
    await stopDaemon(site);
    await rm(folder, { recursive: true, force: true });
  });

  async function killAll(): Promise<void> {
    const pids = await Promise.all([readPid(site.pidFile), readPid(site.containerdPidFile)]);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  }

  test('answers only when the engine does, and starts anew after daemon and containerd were killed', async () => {
    const first = await startDaemon(site);
    expect(await pingEngine(site.host)).toBe('answers');
    await killAll();
    const second = await startDaemon(site);
    expect(second).not.toBe(first);
    expect(await pingEngine(site.host)).toBe('answers');
  });

  test('starts anew after the daemon alone was killed and its containerd lives on', async () => {
    process.kill(await readPid(site.pidFile), 'SIGKILL');
    await startDaemon(site);
    expect(await pingEngine(site.host)).toBe('answers');
  });

  test('is not misled by pid files whose numbers now belong to other processes', async () => {
    await killAll();
    await writeFile(site.pidFile, String(process.pid));
    await writeFile(site.containerdPidFile, String(process.pid));
    await startDaemon(site);
    expect(await readPid(site.pidFile)).not.toBe(process.pid);
    expect(await pingEngine(site.host)).toBe('answers');
  });

  test('says why with the end of the log when the daemon cannot start', async () => {
    const broken = { ...siteIn(join(folder, 'b')), command: ['sh', '-c', 'echo out of luck >&2; exit 3'] as const };
    await expect(startDaemon({ ...broken, command: [...broken.command] })).rejects.toThrow(/out of luck/);
  });

  test('starts another when a daemon gave its containerd up, as it does on a busy machine', async () => {
    const script =
      'mkdir once && { echo timeout waiting for containerd to start >&2; exit 1; }; echo the second >&2; exit 3';
    const broken: DaemonSite = { ...siteIn(join(folder, 'c')), command: ['sh', '-c', `cd ${folder} && ${script}`] };
    await expect(startDaemon(broken)).rejects.toThrow(/the second/);
  });

  test('leaves no process when stopped, and stopping again is no error', async () => {
    const pids = await Promise.all([readPid(site.pidFile), readPid(site.containerdPidFile)]);
    await stopDaemon(site);
    await stopDaemon(site);
    expect(await pingEngine(site.host)).toBe('silent');
    for (const pid of pids) await expect.poll(() => isProcessAlive(pid), { timeout: 60_000 }).toBe(false);
  });
});
