// What a test run may not leave behind: containers, networks and volumes of the engine, processes of ours, files in the repository.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

const LOOKS = 30;
const PAUSE_MS = 1_000;

export type Inventory = ReadonlySet<string>;

/** Everything that stands now, one text each. */
export async function takeInventory(): Promise<Inventory> {
  const lists = await Promise.all([
    docker('container', ['ps', '--all', '--format', '{{.ID}} {{.Names}} {{.Image}}']),
    docker('network', ['network', 'ls', '--format', '{{.Name}}']),
    docker('volume', ['volume', 'ls', '--format', '{{.Name}}']),
    ownProcesses(),
    changedFiles(),
  ]);
  return new Set(lists.flat());
}

/** What stands now and did not before; looked at again for a while, since engines and processes end things in the background. */
export async function findLeftovers(before: Inventory): Promise<readonly string[]> {
  for (let look = 0; ; look += 1) {
    const left = [...(await takeInventory())].filter((item) => !before.has(item)).sort();
    if (left.length === 0 || look === LOOKS) return left;
    await sleep(PAUSE_MS);
  }
}

/** Ids of the images that instances of Gantry built. They are a cache, not a leftover, but no test run shall fill a disk with them. */
export async function listBuiltImages(): Promise<ReadonlySet<string>> {
  const args = ['image', 'ls', '--quiet', '--no-trunc', '--filter', 'label=io.gantry.instance'];
  const { stdout } = await exec('docker', args, { timeout: 60_000 });
  return new Set(stdout.split('\n').filter(Boolean));
}

/** Removes the images that were built since. One that is still in use stays. */
export async function removeImagesBuiltSince(before: ReadonlySet<string>): Promise<void> {
  for (const id of await listBuiltImages())
    if (!before.has(id))
      await exec('docker', ['image', 'rm', '--force', id], { timeout: 60_000 }).catch(() => undefined);
}

async function docker(kind: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await exec('docker', args, { timeout: 60_000 });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => `${kind} ${line}`);
}

async function changedFiles(): Promise<string[]> {
  if (!existsSync('.git')) return [];
  const { stdout } = await exec('git', ['-c', 'safe.directory=*', 'status', '--porcelain', '--untracked-files=all'], {
    timeout: 60_000,
  });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => `file ${line}`);
}

/** Processes that work in this repository's folder, besides this one and its parents: what a test forgot. */
async function ownProcesses(): Promise<string[]> {
  const mine = await ancestors(process.pid);
  const found: string[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || mine.has(Number(entry))) continue;
    const [folder, command, parent] = await Promise.all([
      readlink(`/proc/${entry}/cwd`).catch(() => ''),
      readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => ''),
      parentOf(Number(entry)),
    ]);
    const isEngine = /(^|\/)(dockerd|containerd|containerd-shim|docker-proxy)/.test(command);
    const isMine = folder === process.cwd() || folder.startsWith(`${process.cwd()}/`);
    if (isMine && !isEngine && command !== '' && parent !== process.pid)
      found.push(`process ${entry} ${command.replaceAll('\0', ' ').slice(0, 120)}`);
  }
  return found;
}

async function ancestors(pid: number): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (let next = pid; next > 1 && !found.has(next); next = await parentOf(next)) found.add(next);
  return found;
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
}
