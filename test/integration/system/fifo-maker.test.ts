// The shell that makes pipes: answers in order, says what the system said, and comes back when it is gone.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FifoMaker } from '../../../src/adapters/system/fifo-maker.ts';
import { soon } from '../../support/engine/test-engine.ts';
import { until } from '../../support/engine/until.ts';
import { createTestFolder } from '../../support/store/open-sqlite.ts';

const isPipe = async (path: string): Promise<boolean> => (await stat(path)).isFIFO();

test('makes pipes in many folders at once, whatever their names, and tells each failure to whom it concerns', async () => {
  using folder = createTestFolder();
  using maker = new FifoMaker();
  const names = ['plain', 'with space', ' leading', '$(touch x)', '*', "it's", 'back\\slash', '-m'];
  for (const name of names) await mkdir(join(folder.path, name));
  const made = names.map((name) => maker.make(join(folder.path, name), soon().signal));
  const missing = maker.make(join(folder.path, 'missing'), soon().signal);
  await expect(missing).rejects.toThrow(/No such file/);
  await Promise.all(made);
  for (const name of names) {
    expect(await isPipe(join(folder.path, name, 'in'))).toBe(true);
    expect(await isPipe(join(folder.path, name, 'out'))).toBe(true);
  }
  await expect(maker.make(join(folder.path, 'plain'), soon().signal)).rejects.toThrow(/exists/);
  await expect(maker.make(`${folder.path}\n`, soon().signal)).rejects.toThrow(/line end/);
});

test('gives up when the signal says so, and starts anew after it was let go of', async () => {
  using folder = createTestFolder();
  using maker = new FifoMaker();
  const stopped = new Error('enough');
  await expect(maker.make(folder.path, AbortSignal.abort(stopped))).rejects.toBe(stopped);
  maker[Symbol.dispose]();
  await mkdir(join(folder.path, 'later'));
  await until('it makes pipes again', () =>
    maker.make(join(folder.path, 'later'), soon().signal).then(
      () => true,
      () => false,
    ),
  );
});
