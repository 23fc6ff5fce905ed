// Reads the lockfile that is the run's data. README.md of `report` defines what counts as a package.
// The list replaces the lockfile: null removes a key when results are merged, so later hooks do not carry the raw file.
import { fail, log, run } from 'gantry';

run(({ context }) => {
  const { lockfileVersion, packages } = context.data;
  if (typeof packages !== 'object' || packages === null) {
    fail('not_a_lockfile', 'the data has no `packages` object: give a package-lock.json as the input');
  }
  if (lockfileVersion !== 2 && lockfileVersion !== 3) {
    fail('unsupported_lockfile', `lockfileVersion is ${JSON.stringify(lockfileVersion)}: 2 and 3 are read`);
  }
  const installed = Object.entries(packages)
    .filter(([place, entry]) => place.includes('node_modules/') && entry.link !== true)
    .map(([place, entry]) => ({
      name: entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version ?? 'unknown',
      dev: entry.dev === true,
      licence: licenceOf(entry),
    }));
  log('info', 'lockfile read', { lockfileVersion, packages: installed.length });
  return { packages: null, dependencies: null, installed };
});

/** Old packages wrote {type, url}, or a list of those under `licenses`. */
function licenceOf({ license, licenses }) {
  const named = (value) => (typeof value === 'object' && value !== null ? value.type : value);
  const names = [license ?? licenses ?? []].flat().map(named);
  return names.filter((name) => typeof name === 'string' && name !== '').join(' OR ') || 'unknown';
}
