// Saves a file in one move. Written in place it is empty for a moment, and on a busy machine a program that watches takes that for what was saved.
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The file lies below the folder of temporary files, where it is written beside all that is watched. */
export async function saveFile(path: string, content: string | Uint8Array): Promise<void> {
  const beside = join(tmpdir(), `gantry-saved-${randomUUID()}`);
  await writeFile(beside, content);
  try {
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
