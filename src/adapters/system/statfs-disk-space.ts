// The room of this machine's file systems. A folder that is not there (the engine's, seen from a container or from another host) has none
// that could be told.
import { statfs } from 'node:fs/promises';
import type { DiskSpace } from '../../core/ports/disk-space.ts';

export class StatfsDiskSpace implements DiskSpace {
  async freeShare(folder: string): Promise<number | null> {
    try {
      const { blocks, bavail } = await statfs(folder);
      return blocks > 0 ? bavail / blocks : null;
    } catch {
      return null;
    }
  }
}
