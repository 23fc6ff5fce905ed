// The folder that `gantry plugin …` is given. A name that is no folder here is looked for in the words of its neighbours.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { GantryError } from '../core/errors/gantry-error.ts';
import { suggest } from '../lib/suggest.ts';

/** Absolute, and as the reader typed it. @throws GantryError PLUGIN_NOT_FOUND */
export async function pluginFolder(typed: string): Promise<{ readonly folder: string; readonly shown: string }> {
  const folder = resolve(typed);
  const shown = typed.length > 1 ? typed.replace(/\/+$/, '') : typed;
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isFolder) return { folder, shown };
  const neighbours = await readdir(dirname(folder), { withFileTypes: true }).catch(() => []);
  const near = suggest(
    basename(folder),
    neighbours.filter((entry) => entry.isDirectory()).map(({ name }) => name),
  );
  const hint = near === null ? '' : `; did you mean ${join(dirname(shown), near)}?`;
  throw new GantryError('PLUGIN_NOT_FOUND', `${shown} is no folder${hint}`);
}
