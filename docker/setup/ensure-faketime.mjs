// libfaketime for the tests that move the clock: a library of the distribution, unpacked into the cache once, nothing installed. It is a
// comfort, not a need: where it cannot be had the tests that want it are reported as not run.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackages } from './debian-packages.mjs';
import { withPidLock } from './pid-lock.mjs';
import { CACHE } from './places.mjs';

const FOLDER = join(CACHE, 'faketime');
const LIBRARY = 'libfaketimeMT.so.1';

/** Absolute path of the library for programs with several threads. Throws SetupError when it cannot be had. */
export async function ensureFaketime() {
  if (findFaketime() === undefined)
    await withPidLock(join(CACHE, 'faketime.lock'), () => {
      if (findFaketime() === undefined) unpackPackages(['libfaketime'], FOLDER);
    });
  return findFaketime();
}

function findFaketime() {
  const libraries = join(FOLDER, 'usr', 'lib');
  if (!existsSync(libraries)) return undefined;
  return readdirSync(libraries)
    .map((machine) => join(libraries, machine, 'faketime', LIBRARY))
    .find((path) => existsSync(path));
}
