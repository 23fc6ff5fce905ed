// Named pipes on this host's file system: who may use them, and that no way in or out of them ever waits.
import { constants } from 'node:fs';
import { chmod, mkdir, open, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FifoPipes } from '../../../src/adapters/system/fifo-pipes.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { soon } from '../../support/engine/test-engine.ts';
import { createTestFolder } from '../../support/store/open-sqlite.ts';

const ids = new SystemIds();
const isRoot = process.getuid?.() === 0;

test('makes two pipes that the group, or everybody below a closed folder, can use one way each', async () => {
  using folder = createTestFolder();
  const root = join(folder.path, 'runtime');
  await mkdir(root, { mode: 0o755 });
  await using pair = await new FifoPipes(root).make(ids.newId('sbx'), 20_007, soon());
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
  expect(await modeOf(root)).toBe('700');
  expect(await modeOf(pair.folder)).toBe(isRoot ? '710' : '711');
  expect(await modeOf(join(pair.folder, 'in'))).toBe(isRoot ? '640' : '604');
  expect(await modeOf(join(pair.folder, 'out'))).toBe(isRoot ? '620' : '602');
  for (const name of ['in', 'out']) {
    const found = await stat(join(pair.folder, name));
    expect([found.isFIFO(), found.uid]).toEqual([true, process.getuid?.()]);
    if (isRoot) expect(found.gid).toBe(20_007);
  }
});

test('names the folder without links, as the engine sees it', async () => {
  using folder = createTestFolder();
  await mkdir(join(folder.path, 'real'));
  await symlink(join(folder.path, 'real'), join(folder.path, 'linked'));
  const id = ids.newId('sbx');
  await using pair = await new FifoPipes(join(folder.path, 'linked', 'runtime')).make(id, 20_007, soon());
  expect(pair.folder.endsWith(join('real', 'runtime', id))).toBe(true);
});

test('ends the input of whoever reads it as soon as it is let go of', async () => {
  using folder = createTestFolder();
  const pair = await new FifoPipes(join(folder.path, 'runtime')).make(ids.newId('sbx'), 20_007, soon());
  await using reader = await open(join(pair.folder, 'in'), constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(8);
  await expect(reader.read(buffer)).rejects.toMatchObject({ code: 'EAGAIN' });
  await pair[Symbol.asyncDispose]();
  expect((await reader.read(buffer)).bytesRead).toBe(0);
  expect(await readdir(join(folder.path, 'runtime'))).toEqual([]);
});

test('says START_FAILED where it cannot make them', async () => {
  using folder = createTestFolder();
  await writeFile(join(folder.path, 'file'), '');
  const making = new FifoPipes(join(folder.path, 'file')).make(ids.newId('sbx'), 20_007, soon());
  await expect(making).rejects.toMatchObject({
    code: 'START_FAILED',
    message: expect.stringContaining('named pipes') as string,
  });
});

test('sweeps away whatever lies in its folder, and does not mind when there is none', async () => {
  using folder = createTestFolder();
  const root = join(folder.path, 'runtime');
  const pipes = new FifoPipes(root);
  await pipes.sweep();
  await using left = await pipes.make(ids.newId('sbx'), 20_007, soon());
  await chmod(left.folder, 0o500);
  await mkdir(join(root, 'other', 'deep'), { recursive: true });
  await pipes.sweep();
  expect(await readdir(root)).toEqual([]);
});
