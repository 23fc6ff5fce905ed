// Packs a build context: the checked bytes are staged into a private folder, and tar-fs packs exactly the staged names, with fixed owner,
// time and order, so that the same content always gives the same bytes (and the engine's build cache holds).
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack, type Headers } from 'tar-fs';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { ContextEntry } from '../../core/ports/container-engine.ts';

/** Where the Dockerfile travels. The ignore file beside it makes the engine take both away before the first COPY. */
export const DOCKERFILE_NAME = '.gantry.Dockerfile';
const IGNORE_NAME = '.dockerignore';

/** Any fixed time; not before 1980, which zip tools refuse. */
const FIXED_TIME = new Date('2000-01-01T00:00:00Z');

/**
 * The context as an uncompressed tar.
 * @throws GantryError DEFECT for a path that leaves the context or repeats another
 */
export async function packContext(dockerfile: string, entries: readonly ContextEntry[]): Promise<Buffer> {
  const own = [
    { path: DOCKERFILE_NAME, mode: 0o644, bytes: Buffer.from(dockerfile) },
    { path: IGNORE_NAME, mode: 0o644, bytes: Buffer.from(`${IGNORE_NAME}\n${DOCKERFILE_NAME}\n`) },
  ];
  const files = [...entries.filter((entry) => entry.path !== IGNORE_NAME), ...own];
  const modes = modeOfEach(files);
  const folder = await mkdtemp(join(tmpdir(), `gantry-build-${String(process.pid)}-`));
  try {
    for (const file of files) {
      await mkdir(dirname(join(folder, file.path)), { recursive: true, mode: 0o700 });
      await writeFile(join(folder, file.path), file.bytes, { mode: 0o600, flag: 'wx' });
    }
    return await packStaged(folder, modes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function packStaged(folder: string, modes: ReadonlyMap<string, number>): Promise<Buffer> {
  const tar = pack(folder, {
    entries: [...modes.keys()].sort(),
    // Nothing found in a folder is added: only what is listed above.
    ignore: () => true,
    map: (header: Headers): Headers => ({
      ...header,
      mode: modes.get(header.name) ?? 0o644,
      mtime: FIXED_TIME,
      uid: 0,
      gid: 0,
    }),
  });
  return await buffer(tar);
}

/** Path → mode of every file and of every folder above one. */
function modeOfEach(files: readonly ContextEntry[]): ReadonlyMap<string, number> {
  const modes = new Map<string, number>();
  for (const { path, mode } of files) {
    const segments = path.split('/');
    const isPlain = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
    if (!isPlain || path.includes('\0') || modes.has(path)) {
      throw new GantryError('DEFECT', `not a path of a build context, or twice in it: ${JSON.stringify(path)}`);
    }
    for (let depth = 1; depth < segments.length; depth += 1) modes.set(segments.slice(0, depth).join('/'), 0o755);
    modes.set(path, mode & 0o777);
  }
  return modes;
}
