// A lock between processes: a file that holds its owner's pid. A lock whose owner is gone is taken over, so a killed
// set-up never blocks the next one. Waiting has no limit while the owner lives, because an install may take minutes.
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isProcessAlive } from './process-state.mjs';
import { say } from './say.mjs';

/** Runs `work` while holding the lock file `path`; releases it whatever happens. */
export async function withPidLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid}\n`);
  try {
    await take(path, mine);
    try {
      return await work();
    } finally {
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

// link() is atomic and fails when the name exists; the file is complete the moment it becomes visible.
async function take(path, mine) {
  let announced = false;
  for (;;) {
    try {
      linkSync(mine, path);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = readOwner(path);
    if (owner !== undefined && !isProcessAlive(owner)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!announced && owner !== undefined) say(`waiting for another set-up (process ${owner}) …`);
    announced = true;
    await pause(100);
  }
}

function readOwner(path) {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isNaN(pid) ? 0 : pid;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
