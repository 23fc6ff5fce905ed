// Reads what a container uses from the cgroup files of this host, version 1 or 2, whoever lays them out (plain folders or systemd slices).
// Where a container's folder lies is found once per layout and remembered; a remote engine simply has no folder here, so the answer is null.
import { readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CgroupUsage, UsageGauge, UsageMeter } from '../../core/ports/usage-meter.ts';
import { filesOf, usageFrom, type CgroupVersion } from './cgroup-files.ts';
import { CgroupGauge } from './cgroup-gauge.ts';

const CONTAINER_ID = /^[0-9a-f]{64}$/;
const USUAL_PARENTS = ['docker', 'system.slice', ''];
const SEARCH_DEPTH = 4;
const SEARCH_FOLDERS = 2_000;
const VAIN_SEARCHES = 5;

/** A layout in which a container was found: the folder it lies in and how its own folder is called. */
interface Layout {
  readonly parent: string;
  readonly nameOf: (id: string) => string;
}

const NAMES: readonly ((id: string) => string)[] = [(id) => id, (id) => `docker-${id}.scope`];

export class CgroupUsageMeter implements UsageMeter {
  readonly #root: string;
  readonly #proc: string;
  #version: Promise<CgroupVersion> | null = null;
  #layout: Layout | null = null;
  #vainSearches = 0;

  /**
   * @param root where the cgroup file systems are mounted
   * @param proc where procfs is mounted
   */
  constructor(root = '/sys/fs/cgroup', proc = '/proc') {
    this.#root = root;
    this.#proc = proc;
  }

  async read(containerId: string): Promise<CgroupUsage | null> {
    const place = await this.#placeOf(containerId);
    return place === null ? null : await this.#read(place.version, place.folder);
  }

  async open(containerId: string): Promise<UsageGauge | null> {
    const place = await this.#placeOf(containerId);
    return place === null ? null : new CgroupGauge(this.#root, place.version, place.folder, this.#proc);
  }

  async #placeOf(containerId: string): Promise<{ readonly version: CgroupVersion; readonly folder: string } | null> {
    if (!CONTAINER_ID.test(containerId)) return null;
    this.#version ??= isFile(path.join(this.#root, 'cgroup.controllers')).then((isUnified) => (isUnified ? 2 : 1));
    const version = await this.#version;
    const folder = await this.#folderOf(containerId, version);
    return folder === null ? null : { version, folder };
  }

  /** At once, because it must lie before what happens next; the file is made from memory and no disk is waited for. */
  hostOomKills(): number | null {
    try {
      const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync(path.join(this.#proc, 'vmstat'), 'utf8')) ?? [];
      return count === undefined ? null : Number(count);
    } catch {
      return null;
    }
  }

  /** Relative to the mount of a controller (version 1) or to the root (version 2). */
  async #folderOf(id: string, version: CgroupVersion): Promise<string | null> {
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

  async #read(version: CgroupVersion, folder: string): Promise<CgroupUsage | null> {
    const files = filesOf(version);
    const texts = await Promise.all(
      files.map(({ controller, file }) => text(path.join(this.#root, controller, folder, file))),
    );
    return usageFrom(version, texts);
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
