// A data folder for one kit at work on a plugin, below the installation's. Numbered, so that several kits can work at once, and taken again by
// the next one, so that what a killed kit left on the engine is found and reaped.
import { join } from 'node:path';
import { lockInstance } from '../adapters/sqlite/instance-lock.ts';
import { makeDataFolder } from '../adapters/system/instance-folder.ts';
import { GantryError } from '../core/errors/gantry-error.ts';

/** Kits at once on one installation. */
const KITS_MAX = 16;

/** @throws GantryError INSTANCE_LOCKED when all are taken; STORE_UNAVAILABLE */
export async function lockKitFolder(
  dataFolder: string,
): Promise<{ readonly folder: string; readonly lock: Disposable }> {
  for (let number = 1; ; number += 1) {
    const folder = join(dataFolder, 'kit', String(number));
    await makeDataFolder(folder);
    try {
      return { folder, lock: lockInstance(folder) };
    } catch (error) {
      if (number === KITS_MAX || !(error instanceof GantryError) || error.code !== 'INSTANCE_LOCKED') throw error;
    }
  }
}
