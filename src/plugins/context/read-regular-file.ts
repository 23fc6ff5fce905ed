// Reads one file of a hostile folder: it must be a plain file of its own, and the same one before, while and after it is read.
import type { BigIntStats } from 'node:fs';
import type { ErrorCode } from '../../core/errors/error-table.ts';
import { messageOf } from '../../core/errors/gantry-error.ts';
import { isUnchanged, type FolderFiles } from './folder-files.ts';

export type RegularFile =
  | { readonly bytes: Uint8Array; readonly isExecutable: boolean }
  | { readonly code: ErrorCode; readonly message: string };

/** Why an entry that is not a folder may not be in a context; null when it may. */
export function refusalOfEntry(stats: BigIntStats): string | null {
  if (stats.isSymbolicLink()) return 'is a symbolic link; copy what it points to';
  if (stats.isFIFO()) return 'is a FIFO';
  if (stats.isSocket()) return 'is a socket';
  if (!stats.isFile()) return 'is a device';
  if (stats.nlink > 1n) return 'is a hard link: another name leads to the same file';
  return (stats.mode & 0o6000n) === 0n ? null : 'has the setuid or setgid bit';
}

/**
 * Never follows a symlink, never blocks on a FIFO, never reads more than `bytesMax` + 1 bytes.
 * Codes: CONTEXT_FORBIDDEN_ENTRY, CONTEXT_TOO_LARGE, CONTEXT_UNREADABLE, CONTEXT_CHANGED.
 */
export async function readRegularFile(files: FolderFiles, path: string, bytesMax: number): Promise<RegularFile> {
  try {
    const listed = await files.lstat(path);
    const refusal = refusalOfEntry(listed);
    if (refusal !== null) return { code: 'CONTEXT_FORBIDDEN_ENTRY', message: refusal };
    if (listed.size > BigInt(bytesMax)) return tooLarge(bytesMax);
    await using file = await files.open(path);
    const opened = await file.stat();
    const bytes = await file.read(Number(opened.size > BigInt(bytesMax) ? bytesMax : opened.size) + 1);
    const closed = await file.stat();
    if (!isUnchanged(listed, opened) || !isUnchanged(opened, closed)) return changed();
    if (BigInt(bytes.byteLength) !== opened.size) return changed();
    return { bytes, isExecutable: (opened.mode & 0o111n) !== 0n };
  } catch (thrown) {
    return refusalOfFault(thrown);
  }
}

/** A failed file call as a code: what vanished or turned into a link meanwhile has changed, anything else cannot be read. */
export function refusalOfFault(thrown: unknown): { readonly code: ErrorCode; readonly message: string } {
  const fault = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO'].includes(fault)) return changed();
  return { code: 'CONTEXT_UNREADABLE', message: `cannot be read (${fault === '' ? messageOf(thrown) : fault})` };
}

function changed(): { readonly code: ErrorCode; readonly message: string } {
  return { code: 'CONTEXT_CHANGED', message: 'changed while it was read' };
}

function tooLarge(bytesMax: number): { readonly code: ErrorCode; readonly message: string } {
  return { code: 'CONTEXT_TOO_LARGE', message: `is larger than ${bytesMax} bytes` };
}
