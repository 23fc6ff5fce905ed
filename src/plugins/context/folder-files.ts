// The few file calls that reading a plugin's folder needs; a seam, so that tests can change files at the worst moment.
import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, opendir } from 'node:fs/promises';

export interface OpenFile extends AsyncDisposable {
  stat(): Promise<BigIntStats>;
  /** Up to `atMost` bytes from the start. */
  read(atMost: number): Promise<Uint8Array>;
}

export interface FolderFiles {
  lstat(path: string): Promise<BigIntStats>;
  /** Up to `atMost` names, as bytes: they need not be UTF-8. */
  list(path: string, atMost: number): Promise<readonly Uint8Array[]>;
  /** Opens for reading; never follows a symlink and never waits for the other end of a FIFO. */
  open(path: string): Promise<OpenFile>;
}

export const systemFiles: FolderFiles = {
  lstat: (path) => lstat(path, { bigint: true }),
  list: async (path, atMost) => {
    const names: Uint8Array[] = [];
    for await (const entry of await opendir(path, { encoding: 'buffer' as BufferEncoding })) {
      names.push(entry.name as unknown as Uint8Array);
      if (names.length >= atMost) break;
    }
    return names;
  },
  open: async (path) => {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return {
      stat: () => file.stat({ bigint: true }),
      read: async (atMost) => {
        const bytes = Buffer.alloc(atMost);
        let length = 0;
        while (length < atMost) {
          const { bytesRead } = await file.read(bytes, length, atMost - length, length);
          if (bytesRead === 0) break;
          length += bytesRead;
        }
        return bytes.subarray(0, length);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  },
};

/** True when both describe the same file in the same state. */
export function isUnchanged(before: BigIntStats, after: BigIntStats): boolean {
  return (
    before.ino === after.ino &&
    before.dev === after.dev &&
    before.size === after.size &&
    before.mtimeNs === after.mtimeNs &&
    before.ctimeNs === after.ctimeNs
  );
}
