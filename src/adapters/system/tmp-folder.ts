// What the /tmp of a container holds, asked of its file system: the kernel sums up a cgroup's memory only every two seconds, or when much
// of it has moved, so 64 KiB left there are seen by no look at memory.stat, and an empty file never. Only read, never written to, and
// held open: what lies under the name of a process can become another's.
import { closeSync, constants, openSync, statfsSync } from 'node:fs';
import type { TmpUse } from '../../core/ports/usage-meter.ts';

const TMPFS_MAGIC = 0x0102_1994;

export class TmpFolder implements Disposable {
  readonly #descriptor: number;
  readonly #path: string;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#path = `/proc/self/fd/${descriptor}`;
  }

  /**
   * Null where it cannot be had: without root's rights, or when the process is of another host or name space.
   * @param processId of any process in the container
   * @param proc where procfs is mounted
   */
  static open(processId: string, proc: string): TmpFolder | null {
    if (!/^[1-9]\d*$/.test(processId)) return null;
    try {
      const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      const folder = new TmpFolder(openSync(`${proc}/${processId}/root/tmp`, flags));
      if (folder.use() !== null) return folder;
      folder[Symbol.dispose]();
      return null;
    } catch {
      return null;
    }
  }

  /** Null when it is no tmpfs. At once, and exact. */
  use(): TmpUse | null {
    try {
      const { type, bsize, blocks, bfree, files, ffree } = statfsSync(this.#path);
      return type === TMPFS_MAGIC ? { bytes: (blocks - bfree) * bsize, files: files - ffree } : null;
    } catch {
      return null;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
