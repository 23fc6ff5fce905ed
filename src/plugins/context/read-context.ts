// A hostile folder → the checked files of a build context. Lists and opens everything itself and refuses whatever is not a plain file
// or folder. Folders are looked at again at the end, so that nothing was exchanged behind the listing.
import { join } from 'node:path';
import type { BigIntStats } from 'node:fs';
import type { ErrorCode } from '../../core/errors/error-table.ts';
import type { Problem } from '../../core/plugin.ts';
import type { ContextEntry } from '../../core/ports/container-engine.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { isUnchanged, systemFiles, type FolderFiles } from './folder-files.ts';
import { IgnoreList } from './ignore-list.ts';
import { readRegularFile, refusalOfEntry, refusalOfFault } from './read-regular-file.ts';

export const CONTEXT_FILES_MAX = 2_000;
export const CONTEXT_FOLDERS_MAX = 2_000;
/** Names in one folder that are looked at, ignored ones included. */
export const FOLDER_NAMES_MAX = 20_000;
export const CONTEXT_BYTES_MAX = 50 * 1024 * 1024;
export const CONTEXT_PATH_BYTES_MAX = 255;
const IGNORE_FILE = '.dockerignore';
const IGNORE_BYTES_MAX = 64 * 1024;
const PROBLEMS_MAX = 20;

export type ReadContext = { readonly entries: readonly ContextEntry[] } | { readonly problems: readonly Problem[] };

/**
 * The files of the folder, ascending by path, with modes 644 or 755 (so that neither umask nor owner changes the image). Empty folders
 * are left out. At most `CONTEXT_FILES_MAX` files, `CONTEXT_BYTES_MAX` bytes, paths of `CONTEXT_PATH_BYTES_MAX` bytes.
 * @param shown the folder as the reader would type it; only for the problems
 */
export async function readContext(
  folder: string,
  shown: string,
  files: FolderFiles = systemFiles,
): Promise<ReadContext> {
  const ignored = await readIgnoreList(folder, shown, files);
  if ('problems' in ignored) return ignored;
  const reading = new Reading(folder, shown, files, ignored);
  await reading.readFolder('');
  await reading.compareFolders();
  return reading.result();
}

async function readIgnoreList(
  folder: string,
  shown: string,
  files: FolderFiles,
): Promise<IgnoreList | { readonly problems: readonly Problem[] }> {
  const file = `${shown}/${IGNORE_FILE}`;
  const isThere = await files.lstat(join(folder, IGNORE_FILE)).then(
    () => true,
    () => false,
  );
  if (!isThere) return IgnoreList.parse('', file);
  const read = await readRegularFile(files, join(folder, IGNORE_FILE), IGNORE_BYTES_MAX);
  if ('bytes' in read) return IgnoreList.parse(new TextDecoder().decode(read.bytes), file);
  return { problems: [{ code: read.code, message: `${file} ${read.message}`, file, line: null, column: null }] };
}

class Reading {
  readonly #folder: string;
  readonly #shown: string;
  readonly #files: FolderFiles;
  readonly #ignored: IgnoreList;
  readonly #entries: ContextEntry[] = [];
  readonly #folders = new Map<string, BigIntStats>();
  readonly #problems: Problem[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(folder: string, shown: string, files: FolderFiles, ignored: IgnoreList) {
    this.#folder = folder;
    this.#shown = shown;
    this.#files = files;
    this.#ignored = ignored;
  }

  result(): ReadContext {
    if (this.#problems.length > 0) return { problems: this.#problems };
    return { entries: this.#entries.sort((left, right) => (left.path < right.path ? -1 : 1)) };
  }

  async readFolder(path: string): Promise<void> {
    if (this.#folders.size >= CONTEXT_FOLDERS_MAX) {
      this.#tooMuch(path, `hold more than ${CONTEXT_FOLDERS_MAX} folders`);
      return;
    }
    try {
      const stats = await this.#files.lstat(join(this.#folder, path));
      if (!stats.isDirectory()) {
        this.#refuse('CONTEXT_CHANGED', path, 'is no folder');
        return;
      }
      this.#folders.set(path, stats);
      const names = await this.#files.list(join(this.#folder, path), FOLDER_NAMES_MAX + 1);
      if (names.length > FOLDER_NAMES_MAX) this.#tooMuch(path, `hold more than ${FOLDER_NAMES_MAX} names`);
      for (const name of names) {
        if (this.#isOver || this.#problems.length >= PROBLEMS_MAX) return;
        await this.#readName(path, name);
      }
    } catch (thrown) {
      const { code, message } = refusalOfFault(thrown);
      this.#refuse(code, path, message);
    }
  }

  async #readName(parent: string, nameBytes: Uint8Array): Promise<void> {
    const name = decodeName(nameBytes);
    const path = parent === '' ? name.text : `${parent}/${name.text}`;
    if (!name.isPlain) {
      this.#refuse('CONTEXT_FORBIDDEN_ENTRY', path, 'has a name with control characters, `\\`, or not in UTF-8');
      return;
    }
    const isIgnored = this.#ignored.isIgnored(path);
    if (isIgnored && this.#ignored.isWhollyIgnored(path)) return;
    if (Buffer.byteLength(path) > CONTEXT_PATH_BYTES_MAX) {
      this.#refuse('CONTEXT_TOO_LARGE', path, `has a path longer than ${CONTEXT_PATH_BYTES_MAX} bytes`);
      return;
    }
    const stats = await this.#files.lstat(join(this.#folder, path));
    if (stats.isDirectory()) await this.readFolder(path);
    else if (!isIgnored) await this.#readFile(path, stats);
  }

  async #readFile(path: string, stats: BigIntStats): Promise<void> {
    const refusal = refusalOfEntry(stats);
    if (refusal !== null) {
      this.#refuse('CONTEXT_FORBIDDEN_ENTRY', path, refusal);
      return;
    }
    this.#bytes += Number(stats.size);
    if (this.#entries.length >= CONTEXT_FILES_MAX) this.#tooMuch(path, `hold more than ${CONTEXT_FILES_MAX} files`);
    else if (this.#bytes > CONTEXT_BYTES_MAX) this.#tooMuch(path, `hold more than ${CONTEXT_BYTES_MAX} bytes (50 MiB)`);
    else {
      const read = await readRegularFile(this.#files, join(this.#folder, path), CONTEXT_BYTES_MAX);
      if ('bytes' in read) this.#entries.push({ path, mode: read.isExecutable ? 0o755 : 0o644, bytes: read.bytes });
      else this.#refuse(read.code, path, read.message);
    }
  }

  /** A folder that was exchanged or written to meanwhile has another time or another inode. */
  async compareFolders(): Promise<void> {
    for (const [path, before] of this.#folders) {
      const after = await this.#files.lstat(join(this.#folder, path)).catch(() => null);
      if (after === null || !isUnchanged(before, after)) {
        this.#refuse('CONTEXT_CHANGED', path, 'changed while it was read');
        return;
      }
    }
  }

  /** Ends the walk: a folder over a limit may be endless. */
  #tooMuch(path: string, limit: string): void {
    this.#isOver = true;
    this.#refuse('CONTEXT_TOO_LARGE', path, `makes the folder ${limit}`);
  }

  #refuse(code: ErrorCode, path: string, message: string): void {
    if (this.#problems.length >= PROBLEMS_MAX) return;
    const file = escapeText(path === '' ? this.#shown : `${this.#shown}/${path}`);
    const line = { code, message: `${file} ${message}`, file, line: null, column: null };
    this.#problems.push(line);
  }
}

function decodeName(bytes: Uint8Array): { readonly text: string; readonly isPlain: boolean } {
  const text = new TextDecoder().decode(bytes);
  const isExact = Buffer.from(text).equals(bytes);
  return { text, isPlain: isExact && !text.includes('\\') && escapeText(text) === text };
}
