// The data folder of an instance: its random id (which labels everything on the engine) and the address of the server that holds it.
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { IdSource } from '../../core/ports/id-source.ts';

export interface ServerAddress {
  readonly url: string;
  readonly pid: number;
}

const INSTANCE_FILE = 'instance.json';
const SERVER_FILE = 'server.json';

/**
 * The id of the instance, made once, also when several programs ask for it at once. The folder stands already.
 * @throws GantryError STORE_UNAVAILABLE naming the path
 */
export async function openInstanceFolder(folder: string, ids: IdSource): Promise<string> {
  const path = join(folder, INSTANCE_FILE);
  try {
    const known = instanceIdIn(await readJson(path));
    if (known !== null) return known;
    const instanceId = ids.randomHex(16);
    const isFirst = await writeFirst(path, `${path}.${instanceId}`, { instanceId });
    const standing = isFirst ? instanceId : instanceIdIn(await readJson(path));
    if (standing !== null) return standing;
    await writeWhole(path, { instanceId });
    return instanceId;
  } catch (error) {
    throw new GantryError('STORE_UNAVAILABLE', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

function instanceIdIn(file: Record<string, unknown> | null): string | null {
  const id = file?.['instanceId'];
  return typeof id === 'string' && /^[0-9a-f]{32}$/.test(id) ? id : null;
}

/** Creates the data folder, readable by its owner only. @throws GantryError STORE_UNAVAILABLE */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new GantryError('STORE_UNAVAILABLE', `${folder}: ${messageOf(error)}`, { cause: error });
  }
}

/** Tells other programs where the server of this folder listens; disposing takes it back. */
export async function announceServer(folder: string, address: ServerAddress): Promise<AsyncDisposable> {
  const path = join(folder, SERVER_FILE);
  await writeWhole(path, address);
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

/** The announced server, which may have died since; null when there is none. */
export async function findServer(folder: string): Promise<ServerAddress | null> {
  const found = await readJson(join(folder, SERVER_FILE)).catch(() => null);
  const url = found?.['url'];
  return typeof url === 'string' ? { url, pid: Number(found?.['pid']) } : null;
}

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** Writes beside and renames, so that nobody reads half a file. */
async function writeWhole(path: string, value: unknown): Promise<void> {
  const beside = `${path}.${String(process.pid)}`;
  await writeFile(beside, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  await rename(beside, path);
}

/** Writes beside and links, which only the first one can: false for all others. */
async function writeFirst(path: string, beside: string, value: unknown): Promise<boolean> {
  await writeFile(beside, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  try {
    await link(beside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
  }
}
