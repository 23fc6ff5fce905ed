// What stands in the plugins' folder at a moment: per plugin folder a signature that changes whenever a file in it does. Reads no content
// and opens nothing; names that never belong to a plugin are left out, so that a compiler's cache triggers nothing.
import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '../context/folder-files.ts';
import { IgnoreList } from '../context/ignore-list.ts';

/** Entries of one folder that are looked at; what lies beyond is over every limit of a context anyway. */
const ENTRIES_MAX = 5_000;
const PLUGINS_MAX = 1_000;

/**
 * Name of each plugin folder → signature, ascending. An absent root is an empty one; other faults are thrown.
 * @param settingsOf the settings file that belongs to a folder; its state is part of the signature
 */
export async function scanFolders(
  root: string,
  settingsOf: (folder: string) => string | null,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of await folderNames(root)) {
    const hash = createHash('sha256');
    await addTree(hash, join(root, name));
    const settings = settingsOf(name);
    if (settings !== null) await addEntry(hash, settings, 'settings');
    found.set(name, hash.digest('hex'));
  }
  return found;
}

async function folderNames(root: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const bytes of await listOrNothing(root)) {
    const name = Buffer.from(bytes).toString();
    if (name.startsWith('.') || name === 'node_modules') continue;
    // A symlink to a folder is listed, so that its refusal is seen.
    const isFolder = await stat(join(root, name)).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (isFolder) names.push(name);
  }
  return names.sort();
}

async function listOrNothing(root: string): Promise<readonly Uint8Array[]> {
  try {
    return await systemFiles.list(root, PLUGINS_MAX);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
}

async function addTree(hash: Hash, root: string): Promise<void> {
  const ignored = IgnoreList.parse('', '');
  const open = [''];
  let count = 0;
  for (let path = open.pop(); path !== undefined && count < ENTRIES_MAX; path = open.pop()) {
    const isFolder = await addEntry(hash, join(root, path), path);
    count += 1;
    if (!isFolder) continue;
    const names = await systemFiles.list(join(root, path), ENTRIES_MAX).catch(() => []);
    for (const name of names.map((bytes) => Buffer.from(bytes).toString()).sort()) {
      const child = path === '' ? name : `${path}/${name}`;
      if ('problems' in ignored || !ignored.isIgnored(child)) open.push(child);
    }
  }
}

/** Adds the entry's state; true when it is a folder (whose own times say nothing about the files in it, so they are left out). */
async function addEntry(hash: Hash, path: string, shown: string): Promise<boolean> {
  const stats = await systemFiles.lstat(path).catch(() => null);
  if (stats === null) hash.update(`${shown}\0absent\0`);
  else if (stats.isDirectory()) hash.update(`${shown}\0folder\0`);
  else hash.update(`${shown}\0${[stats.ino, stats.mode, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')}\0`);
  return stats?.isDirectory() === true;
}
