// The lock of set-up keeps processes apart and dies with its owner.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withPidLock } from '../../../docker/setup/pid-lock.mjs';

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-lock-'));
  lock = join(folder, 'sub', 'lock');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('is held during the work and gone afterwards, also when the work fails', async () => {
  expect(await withPidLock(lock, () => existsSync(lock))).toBe(true);
  await expect(withPidLock(lock, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
  expect(existsSync(lock)).toBe(false);
});

test('is taken over from an owner that is dead', async () => {
  const dead = spawnSync('true').pid;
  await withPidLock(lock, () => undefined);
  await writeFile(lock, `${dead}\n`);
  expect(await withPidLock(lock, () => 'mine')).toBe('mine');
});

test('makes a second process wait until the first is done', async () => {
  const module = new URL('../../../docker/setup/pid-lock.mjs', import.meta.url).href;
  const script = `const { withPidLock } = await import(${JSON.stringify(module)});
    await withPidLock(process.argv[1], () => console.log('second'));`;
  const order: string[] = [];
  let ended: Promise<unknown> = Promise.resolve();
  await withPidLock(lock, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, lock]);
    ended = once(child, 'close');
    child.stdout.setEncoding('utf8').on('data', (text: string) => order.push(text.trim()));
    // It says on stderr that it waits: only then is it known to have met the lock.
    await once(child.stderr, 'data');
    order.push('first');
  });
  await ended;
  expect(order).toEqual(['first', 'second']);
});
