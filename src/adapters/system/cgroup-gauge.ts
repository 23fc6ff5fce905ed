// One container's cgroup files, held open and read at once. Surprise: the reads are synchronous on purpose. These files are made by the
// kernel when they are read and never touch a disk; going through the thread pool would cost ten times as much as the reading itself.
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { CgroupUsage, TmpUse, UsageGauge } from '../../core/ports/usage-meter.ts';
import { filesOf, usageFrom, usualFilesOf, usualFrom, type CgroupVersion } from './cgroup-files.ts';
import { TmpFolder } from './tmp-folder.ts';

/** More than any of these files is long. */
const buffer = Buffer.alloc(16 * 1024);
const EMPTY = new Uint8Array(0);
const LINE_FEED = 10;

export class CgroupGauge implements UsageGauge {
  readonly #version: CgroupVersion;
  /** in the order of filesOf; null: there is no such file */
  readonly #descriptors: readonly (number | null)[];
  /** those of readBeside, in the order of usualFilesOf */
  readonly #usual: readonly (number | null)[];
  readonly #processList: string;
  readonly #tmp: TmpFolder | null;
  #isOpen = true;

  /**
   * @param folder of the container, relative to the mount of a controller (version 1) or to the root (version 2)
   * @param proc where procfs is mounted
   */
  constructor(root: string, version: CgroupVersion, folder: string, proc: string) {
    this.#processList = path.join(root, version === 1 ? 'pids' : '', folder, 'cgroup.procs');
    this.#version = version;
    const files = filesOf(version);
    this.#descriptors = files.map(({ controller, file }) => opened(path.join(root, controller, folder, file)));
    this.#usual = usualFilesOf(version).map(
      (usual) => this.#descriptors[files.findIndex(({ file }) => file === usual.file)] ?? null,
    );
    const processes = this.#readProcesses();
    this.#tmp = TmpFolder.open(buffer.toString('latin1', 0, buffer.subarray(0, processes).indexOf(LINE_FEED)), proc);
  }

  read(): CgroupUsage | null {
    return this.#isOpen ? usageFrom(this.#version, this.#descriptors.map(textOf)) : null;
  }

  readBeside(last: CgroupUsage): CgroupUsage | null {
    const usage = this.#isOpen ? usualFrom(this.#version, this.#bytesAt) : null;
    if (usage === null) return null;
    return {
      cpuTimeMs: usage.cpuTimeMs,
      memoryBytes: usage.memoryBytes,
      memoryPeakBytes: usage.memoryPeakBytes,
      anonBytes: null,
      shmemBytes: null,
      pids: usage.pids,
      oomKills: last.oomKills,
      throttledMs: last.throttledMs,
      pidsRefused: last.pidsRefused,
    };
  }

  /** Opened anew each time: version 1 keeps the list of an open file for a second. */
  countProcesses(): number | null {
    const length = this.#readProcesses();
    let count = 0;
    for (let at = 0; at < length; at += 1) if (buffer[at] === LINE_FEED) count += 1;
    return count || null;
  }

  tmpUse(): TmpUse | null {
    return this.#isOpen ? (this.#tmp?.use() ?? null) : null;
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const descriptor of this.#descriptors) if (descriptor !== null) closeSync(descriptor);
    this.#tmp?.[Symbol.dispose]();
  }

  readonly #bytesAt = (place: number): Uint8Array => {
    const descriptor = this.#usual[place] ?? null;
    return descriptor === null ? EMPTY : buffer.subarray(0, lengthOf(descriptor));
  };

  /** Their ids, each with a line end, into the buffer. @returns how long that is: 0 when the container is gone */
  #readProcesses(): number {
    const descriptor = this.#isOpen ? opened(this.#processList) : null;
    if (descriptor === null) return 0;
    let length = 0;
    // One read gives a page at most.
    for (let part = lengthOf(descriptor); part > 0; part = lengthOf(descriptor, length)) length += part;
    closeSync(descriptor);
    return length;
  }
}

function opened(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch {
    return null;
  }
}

function textOf(descriptor: number | null): string {
  return descriptor === null ? '' : buffer.toString('latin1', 0, lengthOf(descriptor));
}

/** Reads it into the buffer. The files of a cgroup that is gone answer ENODEV. */
function lengthOf(descriptor: number, from = 0): number {
  try {
    return readSync(descriptor, buffer, from, buffer.length - from, from);
  } catch {
    return 0;
  }
}
