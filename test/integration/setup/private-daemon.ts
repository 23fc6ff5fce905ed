// A Docker daemon of a test's own, apart from the machine's: own files, own namespaces, so that its network and
// its mounts end with it. It may be killed at will.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DaemonSite } from '../../../docker/setup/daemon.mjs';

const DAEMONS = ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd'];

/** Whether this machine lets us run one: root, a dockerd and namespaces. */
export function canRunPrivateDaemon(): boolean {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  return isRoot && existsSync('/usr/bin/unshare') && DAEMONS.some((path) => existsSync(path));
}

/** Where a daemon living in `folder` (a short path: sockets have little room) has its files, and how it is started. */
export function siteIn(folder: string): DaemonSite {
  const host = `unix://${join(folder, 's')}`;
  const pidFile = join(folder, 'docker.pid');
  const roots = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'x'), '--pidfile', pidFile];
  return {
    host,
    pidFile,
    containerdPidFile: join(folder, 'x', 'containerd', 'containerd.pid'),
    log: join(folder, 'dockerd.log'),
    path: [],
    command: ['/usr/bin/unshare', '--net', '--mount', 'dockerd', ...roots, '--host', host],
  };
}

export async function readPid(file: string): Promise<number> {
  return Number.parseInt(await readFile(file, 'utf8'), 10);
}
