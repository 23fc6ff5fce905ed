// What is taken for the /tmp of a container, and what is not. That its figures are true, the hostile tests show.
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { TmpFolder } from '../../../src/adapters/system/tmp-folder.ts';

const MEMORY = '/dev/shm';
const TMPFS_MAGIC = 0x0102_1994;
const hasMemory = existsSync(MEMORY) && statfsSync(MEMORY).type === TMPFS_MAGIC;

const made: string[] = [];
function folder(parent: string): string {
  made.push(mkdtempSync(path.join(parent, 'gantry-test-')));
  return made.at(-1) ?? '';
}
afterEach(() => {
  for (const one of made.splice(0)) rmSync(one, { recursive: true, force: true });
});

/** A procfs with one process, 7, whose root is that folder. */
function procOf(root: string): string {
  const proc = folder(tmpdir());
  mkdirSync(path.join(proc, '7'));
  symlinkSync(root, path.join(proc, '7/root'));
  return proc;
}

test.skipIf(!hasMemory)('reads a folder in memory', () => {
  const root = folder(MEMORY);
  mkdirSync(path.join(root, 'tmp'));
  using tmp = TmpFolder.open('7', procOf(root));
  const use = tmp?.use();
  expect(use?.files).toBeGreaterThan(0);
  expect((use?.bytes ?? -1) % 4_096).toBe(0);
});

test('does not take a folder on a disk, a link, a process that is hidden or gone, or what is no number', () => {
  const root = folder(tmpdir());
  symlinkSync(MEMORY, path.join(root, 'tmp'));
  expect(TmpFolder.open('7', procOf(root))).toBeNull();
  const isDisk = statfsSync(tmpdir()).type !== TMPFS_MAGIC;
  mkdirSync(path.join(root, 'disk/tmp'), { recursive: true });
  if (isDisk) expect(TmpFolder.open('7', procOf(path.join(root, 'disk')))).toBeNull();
  for (const id of ['0', '8', '', '..', '7/../7']) expect(TmpFolder.open(id, procOf(root))).toBeNull();
});
