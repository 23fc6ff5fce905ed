// Reads what a container uses from the cgroup files of this host, version 1 or 2, whoever lays them out (plain folders or systemd slices).
// Where a container's folder lies is found once per layout and remembered; a remote engine simply has no folder here, so the answer is null.
import { readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CgroupUsage, UsageMeter } from '../../core/ports/usage-meter.ts';

const CONTAINER_ID = /^[0-9a-f]{64}$/;
const USUAL_PARENTS = ['docker', 'system.slice', ''];
const SEARCH_DEPTH = 4;
const SEARCH_FOLDERS = 2_000;
const VAIN_SEARCHES = 5;
const NO_LIMIT = 2 ** 52;

/** A layout in which a container was found: the folder it lies in and how its own folder is called. */
interface Layout {
  readonly parent: string;
  readonly nameOf: (id: string) => string;
}

const NAMES: readonly ((id: string) => string)[] = [(id) => id, (id) => `docker-${id}.scope`];

export class CgroupUsageMeter implements UsageMeter {
  readonly #root: string;
  readonly #vmstat: string;
  #version: Promise<1 | 2> | null = null;
  #layout: Layout | null = null;
  #vainSearches = 0;

  /**
   * @param root where the cgroup file systems are mounted
   * @param vmstat the kernel's counters
   */
  constructor(root = '/sys/fs/cgroup', vmstat = '/proc/vmstat') {
    this.#root = root;
    this.#vmstat = vmstat;
  }

  async read(containerId: string): Promise<CgroupUsage | null> {
    if (!CONTAINER_ID.test(containerId)) return null;
    this.#version ??= isFile(path.join(this.#root, 'cgroup.controllers')).then((isUnified) => (isUnified ? 2 : 1));
    const version = await this.#version;
    const folder = await this.#folderOf(containerId, version);
    if (folder === null) return null;
    return version === 2 ? await this.#readUnified(folder) : await this.#readSplit(folder);
  }

  /** At once, because it must lie before what happens next; the file is made from memory and no disk is waited for. */
  hostOomKills(): number | null {
    try {
      const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync(this.#vmstat, 'utf8')) ?? [];
      return count === undefined ? null : Number(count);
    } catch {
      return null;
    }
  }

  /** Relative to the mount of a controller (version 1) or to the root (version 2). */
  async #folderOf(id: string, version: 1 | 2): Promise<string | null> {
    const mount = version === 2 ? this.#root : path.join(this.#root, 'memory');
    this.#layout ??= await this.#find(mount, id);
    if (this.#layout === null) return null;
    const folder = path.join(this.#layout.parent, this.#layout.nameOf(id));
    // All containers of an engine lie in one layout: one that is not there has ended.
    return (await isFolder(path.join(mount, folder))) ? folder : null;
  }

  /** After some searches in vain the engine is taken for a remote one, and only the usual places are looked at. */
  async #find(mount: string, id: string): Promise<Layout | null> {
    const usual = await usualLayout(mount, id);
    if (usual !== null || this.#vainSearches >= VAIN_SEARCHES) return usual;
    this.#vainSearches += 1;
    return await searchLayout(mount, id);
  }

  async #readUnified(folder: string): Promise<CgroupUsage | null> {
    const file = (name: string): string => path.join(this.#root, folder, name);
    const [cpu, memory, peak, memoryEvents, pids, pidsEvents] = await Promise.all([
      fields(file('cpu.stat')),
      number(file('memory.current')),
      number(file('memory.peak')),
      fields(file('memory.events')),
      number(file('pids.current')),
      fields(file('pids.events')),
    ]);
    return known({
      cpuTimeMs: scaled(cpu.get('usage_usec'), 1_000),
      memoryBytes: memory,
      memoryPeakBytes: peak,
      pids,
      oomKills: memoryEvents.get('oom_kill') ?? null,
      throttledMs: scaled(cpu.get('throttled_usec'), 1_000),
      pidsRefused: pidsEvents.get('max') ?? null,
    });
  }

  async #readSplit(folder: string): Promise<CgroupUsage | null> {
    const file = (controller: string, name: string): string => path.join(this.#root, controller, folder, name);
    const [cpuNs, cpu, memory, peak, oom, pids, pidsEvents] = await Promise.all([
      number(file('cpuacct', 'cpuacct.usage')),
      fields(file('cpu', 'cpu.stat')),
      number(file('memory', 'memory.usage_in_bytes')),
      number(file('memory', 'memory.max_usage_in_bytes')),
      fields(file('memory', 'memory.oom_control')),
      number(file('pids', 'pids.current')),
      fields(file('pids', 'pids.events')),
    ]);
    return known({
      cpuTimeMs: scaled(cpuNs, 1_000_000),
      memoryBytes: memory,
      memoryPeakBytes: peak,
      pids,
      oomKills: oom.get('oom_kill') ?? null,
      throttledMs: scaled(cpu.get('throttled_time'), 1_000_000),
      pidsRefused: pidsEvents.get('max') ?? null,
    });
  }
}

async function usualLayout(mount: string, id: string): Promise<Layout | null> {
  for (const parent of USUAL_PARENTS) {
    for (const nameOf of NAMES) if (await isFolder(path.join(mount, parent, nameOf(id)))) return { parent, nameOf };
  }
  return null;
}

/** Everywhere within bounds: an own --cgroup-parent, an engine inside a container. */
async function searchLayout(mount: string, id: string): Promise<Layout | null> {
  const names = new Map(NAMES.map((nameOf) => [nameOf(id), nameOf]));
  let level = [''];
  let seen = 0;
  for (let depth = 0; depth < SEARCH_DEPTH && seen < SEARCH_FOLDERS; depth += 1) {
    const next: string[] = [];
    for (const parent of level) {
      seen += 1;
      for (const child of await foldersIn(path.join(mount, parent))) {
        const nameOf = names.get(child);
        if (nameOf !== undefined) return { parent, nameOf };
        next.push(path.join(parent, child));
      }
    }
    level = next.slice(0, SEARCH_FOLDERS - seen);
  }
  return null;
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

async function isFolder(folder: string): Promise<boolean> {
  return await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function isFile(file: string): Promise<boolean> {
  return await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function text(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}

/** Null for a missing file, `max` and the like. */
async function number(file: string): Promise<number | null> {
  const value = Number.parseInt(await text(file), 10);
  return Number.isSafeInteger(value) && value < NO_LIMIT ? value : null;
}

/** `name value` lines. */
async function fields(file: string): Promise<ReadonlyMap<string, number>> {
  const lines = (await text(file)).split('\n');
  return new Map(
    lines.map((line) => line.split(' ')).map(([name = '', value = '']) => [name, Number.parseInt(value, 10)] as const),
  );
}

function scaled(value: number | null | undefined, divisor: number): number | null {
  return value === null || value === undefined || Number.isNaN(value) ? null : value / divisor;
}

/** A container that ended between finding its folder and reading leaves nothing to say. */
function known(usage: CgroupUsage): CgroupUsage | null {
  return usage.cpuTimeMs === null && usage.memoryBytes === null ? null : usage;
}
