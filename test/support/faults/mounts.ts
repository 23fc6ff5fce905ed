// Mounts for faults of the disk, where the machine lets us: root in a container may not.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export async function mountSmallDisk(folder: string, size = '8m'): Promise<void> {
  await exec('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder]);
}

/** The file can be read and not written until it is unmounted, by root neither. */
export async function mountReadOnly(file: string): Promise<void> {
  await exec('mount', ['--bind', file, file]);
  await exec('mount', ['-o', 'remount,bind,ro', file]);
}

export async function unmount(place: string): Promise<void> {
  await exec('umount', ['--lazy', place]);
}

/** What mount says when it may not; null when it may. Any other trouble is one of the test's. */
export async function findMountObstacle(): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-mount-'));
  try {
    await mountSmallDisk(folder);
    await unmount(folder);
    return null;
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    if (stderr === undefined || !/permission denied|not permitted|superuser/i.test(stderr)) throw error;
    return stderr.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Takes every free block. @returns gives them back */
export function fillDisk(folder: string): () => void {
  const { bavail, bsize } = statfsSync(folder);
  const filler = join(folder, 'filler');
  try {
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize)));
  } catch (error) {
    // The program took a block in between: the rest is taken all the same.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return () => {
    rmSync(filler);
  };
}
