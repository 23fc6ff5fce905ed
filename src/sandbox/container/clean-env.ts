// The environment of a plugin: what its image needs, minus names that change how programs load or start, plus a home in the one writable place.
import { isUnsafeVariable } from '../../core/unsafe-variable.ts';

const WELL_FORMED = /^[A-Za-z_][A-Za-z0-9_]*=[^\0]*$/;

/** True for a variable that no plugin may be started with; an image's own PYTHONPATH was looked at when it was checked. */
export function isForbiddenVariable(name: string): boolean {
  return isUnsafeVariable(name, true);
}

/** The accepted entries in order, later ones replacing earlier ones of the same name; HOME and TMPDIR are always /tmp. */
export function cleanEnv(entries: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const entry of entries) {
    const name = entry.slice(0, entry.indexOf('='));
    if (WELL_FORMED.test(entry) && !isForbiddenVariable(name)) byName.set(name, entry);
  }
  byName.set('HOME', 'HOME=/tmp');
  byName.set('TMPDIR', 'TMPDIR=/tmp');
  return [...byName.values()];
}
