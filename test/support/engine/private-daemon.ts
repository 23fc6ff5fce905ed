// A Docker daemon of a test's own, apart from the machine's: own files, own namespaces, so that its network and its mounts end with it. It
// may be killed at will. Where it is to be started again beside the containerd that outlived it, the namespaces are held by a process.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon, stopDaemon, type DaemonSite } from '../../../docker/setup/daemon.mjs';
import { copyImages } from '../../../docker/setup/engine28.mjs';
import { isProcessAlive } from '../../../docker/setup/process-state.mjs';
import { mountSmallDisk, unmount } from '../faults/mounts.ts';
import { testDockerHost } from './test-engine.ts';
import { until } from './until.ts';

const DAEMONS = ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd'];
const TOOLS = ['/usr/bin/unshare', '/usr/bin/nsenter'];

/** Whether this machine lets us run one: root, a dockerd and namespaces. */
export function canRunPrivateDaemon(): boolean {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  return isRoot && TOOLS.every((path) => existsSync(path)) && DAEMONS.some((path) => existsSync(path));
}

const OWN_NAMESPACES = ['/usr/bin/unshare', '--net', '--mount'] as const;

/** Where a daemon living in `folder` (a short path: sockets have little room) has its files, and how it is started. */
export function siteIn(folder: string, within: readonly [string, ...string[]] = OWN_NAMESPACES): DaemonSite {
  const host = `unix://${join(folder, 's')}`;
  const pidFile = join(folder, 'docker.pid');
  const roots = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'x'), '--pidfile', pidFile];
  return {
    host,
    pidFile,
    containerdPidFile: join(folder, 'x', 'containerd', 'containerd.pid'),
    log: join(folder, 'dockerd.log'),
    path: [],
    command: [...within, 'dockerd', ...roots, '--host', host],
  };
}

export async function readPid(file: string): Promise<number> {
  return Number.parseInt(await readFile(file, 'utf8'), 10);
}

export interface PrivateDaemon extends AsyncDisposable {
  /** as in DOCKER_HOST */
  readonly host: string;
  /** the folder of its images and containers */
  readonly disk: string;
  /** SIGKILL of the daemon alone: its containerd and its containers live until it is started again. */
  kill(): Promise<void>;
  /** Resolves when it answers again. @param isRestoring containers that outlived it go on, else they end */
  start(isRestoring?: boolean): Promise<void>;
  /** SIGSTOP: it takes connections and answers nothing until it is thawed. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/**
 * Starts one with these images (`name:tag`) of the engine under test.
 * @param diskSize of a disk of its own for its files, as for mount's `size=`
 */
export async function startPrivateDaemon(images: readonly string[], diskSize?: string): Promise<PrivateDaemon> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'gnt-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const disk = join(folder, 'data');
  if (diskSize !== undefined) {
    await mkdir(disk);
    await mountSmallDisk(disk, diskSize);
    stack.defer(() => unmount(disk));
  }
  // `cat` ends with this process, however that ends.
  const loopback = 'ip link set lo up 2>/dev/null; exec cat';
  const holder = spawn('/usr/bin/unshare', [...OWN_NAMESPACES.slice(1), 'sh', '-c', loopback], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  stack.defer(() => void holder.kill('SIGKILL'));
  await until('the namespaces are there', () => hasLeft(holder.pid ?? 0));
  const site = siteIn(folder, ['/usr/bin/nsenter', `--target=${String(holder.pid)}`, '--net', '--mount']);
  stack.defer(() => endShims(folder));
  stack.defer(() => stopDaemon(site));
  await startDaemon(site);
  await copyImages(testDockerHost(), site.host, images);
  const held = stack.move();
  return {
    host: site.host,
    disk,
    kill: async () => {
      const pid = await readPid(site.pidFile);
      process.kill(pid, 'SIGKILL');
      await until('the daemon is dead', () => !isProcessAlive(pid));
    },
    start: async (isRestoring = false) => {
      await startDaemon(isRestoring ? { ...site, command: [...site.command, '--live-restore'] } : site);
    },
    freeze: async () => {
      process.kill(await readPid(site.pidFile), 'SIGSTOP');
    },
    thaw: async () => {
      process.kill(await readPid(site.pidFile), 'SIGCONT');
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What stood between a container and a containerd that was killed: it would wait for ever. */
async function endShims(folder: string): Promise<void> {
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const number of numbers) {
    const command = await readFile(`/proc/${number}/cmdline`, 'utf8').catch(() => '');
    const isShim = command.includes('containerd-shim') && command.includes(`${folder}/`);
    if (isShim) killIfAlive(Number(number));
  }
}

/** It may end by itself while we look. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether the process is in other namespaces than we are. */
async function hasLeft(pid: number): Promise<boolean> {
  const namespaceOf = (process: string): Promise<string> => readlink(`/proc/${process}/ns/mnt`);
  return (await namespaceOf(String(pid))) !== (await namespaceOf('self'));
}
