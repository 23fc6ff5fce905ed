// What was saved in a plugin's folder: the system tells that something happened, a look at every file's state tells what. The look is taken
// now and then without being told, too, because some file systems tell nothing. What .dockerignore names is left out, but for fixtures.
import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../core/ports/clock.ts';
import { systemFiles } from '../../plugins/context/folder-files.ts';
import { IgnoreList } from '../../plugins/context/ignore-list.ts';
import { readRegularFile } from '../../plugins/context/read-regular-file.ts';

/** Files and folders that are looked at: more cannot be a plugin. */
const ENTRIES_MAX = 5_000;
/** An editor writes a file in several moves: they count as one when they are this close. */
const QUIET_MS = 30;
const POLL_MS = 1_000;
const IGNORE_FILE = '.dockerignore';
const FIXTURES = 'fixtures';

type States = ReadonlyMap<string, string>;

export interface Saved {
  /** relative paths, ascending */
  readonly files: readonly string[];
  /** of the clock: when it was first noticed */
  readonly atMs: number;
}

export class FolderWatch implements Disposable {
  readonly #closed = new AbortController();
  readonly #folder: string;
  /** a file outside of the folder that counts as one of it */
  readonly #settingsFile: () => string | null;
  readonly #clock: Clock;
  readonly #watchers = new Map<string, FSWatcher>();
  #states: States = new Map();
  #wake = Promise.withResolvers<undefined>();

  /** @param folder absolute */
  constructor(folder: string, settingsFile: () => string | null, clock: Clock) {
    this.#folder = folder;
    this.#settingsFile = settingsFile;
    this.#clock = clock;
  }

  /** Takes what stands now as known. */
  async begin(): Promise<void> {
    this.#states = await this.#look();
  }

  /** Settles once something differs from what was last told. Rejects with the signal's reason. */
  async next(outer: AbortSignal): Promise<Saved> {
    const signal = AbortSignal.any([outer, this.#closed.signal]);
    for (;;) {
      const atMs = await this.#untilWoken(signal);
      const states = await this.#look();
      const files = differences(this.#states, states);
      if (files.length === 0) continue;
      this.#states = states;
      return { files, atMs };
    }
  }

  [Symbol.dispose](): void {
    this.#closed.abort(new Error('the watch is over'));
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #untilWoken(signal: AbortSignal): Promise<number> {
    const pause = new AbortController();
    const poll = this.#clock.sleep(POLL_MS, AbortSignal.any([signal, pause.signal]));
    try {
      await Promise.race([this.#wake.promise, poll]);
    } finally {
      poll.catch(() => undefined);
      pause.abort();
    }
    const atMs = this.#clock.monotonicMs();
    await this.#clock.sleep(QUIET_MS, signal);
    this.#wake = Promise.withResolvers();
    return atMs;
  }

  async #look(): Promise<States> {
    const ignored = await this.#ignored();
    const states = new Map<string, string>();
    const folders = new Set<string>();
    const open = [''];
    for (let path = open.shift(); path !== undefined && states.size < ENTRIES_MAX; path = open.shift()) {
      folders.add(path);
      for (const name of await namesIn(join(this.#folder, path))) {
        const child = path === '' ? name : `${path}/${name}`;
        if (ignored.isIgnored(child) && !isFixture(child)) continue;
        if (await addState(states, join(this.#folder, child), child)) open.push(child);
      }
    }
    const settings = this.#settingsFile();
    if (settings !== null) await addState(states, settings, settings);
    this.#watchOnly(folders);
    return states;
  }

  async #ignored(): Promise<IgnoreList> {
    const read = await readRegularFile(systemFiles, join(this.#folder, IGNORE_FILE), 64 * 1024);
    const text = 'bytes' in read ? new TextDecoder().decode(read.bytes) : '';
    const list = IgnoreList.parse(text, IGNORE_FILE);
    return 'problems' in list ? IgnoreList.none() : list;
  }

  /** Where the system cannot watch (too many watches, a foreign file system), the looks alone find what is saved. */
  #watchOnly(folders: ReadonlySet<string>): void {
    for (const [path, watcher] of this.#watchers) {
      if (folders.has(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    for (const path of folders) {
      if (this.#watchers.has(path)) continue;
      try {
        const watcher = watch(join(this.#folder, path), () => {
          this.#wake.resolve(undefined);
        });
        watcher.on('error', () => {
          watcher.close();
          this.#watchers.delete(path);
        });
        this.#watchers.set(path, watcher);
      } catch {
        return;
      }
    }
  }
}

function isFixture(path: string): boolean {
  return path === FIXTURES || (path.startsWith(`${FIXTURES}/`) && path.endsWith('.json'));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await systemFiles.list(folder, ENTRIES_MAX).catch(() => []);
  return names.map((bytes) => Buffer.from(bytes).toString());
}

/** True when it is a folder, whose own times say nothing about its files. */
async function addState(states: Map<string, string>, path: string, shown: string): Promise<boolean> {
  const stats = await systemFiles.lstat(path).catch(() => null);
  if (stats === null) return false;
  if (stats.isDirectory()) return true;
  states.set(shown, [stats.ino, stats.mode, stats.size, stats.mtimeNs, stats.ctimeNs].join(' '));
  return false;
}

function differences(before: States, after: States): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
