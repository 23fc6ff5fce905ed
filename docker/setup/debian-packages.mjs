// Gets packages of the distribution: installed (with root) or only unpacked into a private folder, which starts no service
// and needs no root. A source that cannot be reached is no obstacle as long as the wanted packages can be had.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { say, SetupError } from './say.mjs';

const SETTINGS = {
  'DPkg::Lock::Timeout': 300,
  'Dpkg::Use-Pty': 0,
  'Acquire::Retries': 2,
  'Acquire::http::Timeout': 20,
  'Acquire::https::Timeout': 20,
};
const APT_OPTIONS = Object.entries(SETTINGS).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The absolute path of a program, looked for in PATH and in the system folders, or undefined. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_PATH].filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Whether packages can be installed here: a Debian-like system and root. */
export function canInstallPackages() {
  return existsSync('/etc/debian_version') && findProgram('apt-get') !== undefined && process.getuid?.() === 0;
}

/** Installs packages without their recommendations. Throws SetupError when that is impossible or fails. */
export function installPackages(names) {
  if (!canInstallPackages()) {
    throw new SetupError(`${names.join(', ')} missing`, `install ${names.join(', ')} with your package manager`);
  }
  say(`installing ${names.join(', ')} from the distribution …`);
  updateLists();
  const result = apt(['install', '-y', '--no-install-recommends', ...names]);
  if (result.status === 0) return;
  // A half-configured package left by a killed installation is mended first, and lists that another process was just
  // reading are fetched again; then the installation is tried once more.
  spawnSync(findProgram('dpkg'), ['--configure', '-a'], { env: aptEnvironment(), stdio: 'ignore' });
  apt(['update']);
  const again = apt(['install', '-y', '--no-install-recommends', ...names]);
  if (again.status !== 0) throw packageFailure(names, again);
}

/** Downloads packages and unpacks them into `folder` (a whole root: `usr/bin/…`), without installing them. */
export function unpackPackages(names, folder) {
  if (findProgram('apt-get') === undefined || findProgram('dpkg') === undefined) {
    throw new SetupError(`${names.join(', ')} missing`, `install ${names.join(', ')} with your package manager`);
  }
  say(`fetching ${names.join(', ')} from the distribution …`);
  if (process.getuid?.() === 0) updateLists();
  unpackDownloads(folder, (into) => apt(['download', ...names], into), names);
}

/** Unpacks what `download(folder)` brings; the result appears under its name only when it is complete. */
export function unpackDownloads(folder, download, names) {
  const staging = `${folder}.${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(join(staging, 'packages'), { recursive: true });
  const result = download(join(staging, 'packages'));
  if (result.status !== 0) throw packageFailure(names, result);
  for (const file of readdirSync(join(staging, 'packages'))) {
    const unpacked = spawnSync(findProgram('dpkg'), ['-x', join(staging, 'packages', file), join(staging, 'root')], {
      encoding: 'utf8',
    });
    if (unpacked.status !== 0) throw packageFailure([file], unpacked);
  }
  mkdirSync(dirname(folder), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(join(staging, 'root'), folder);
  rmSync(staging, { recursive: true, force: true });
}

/** Runs apt-get quietly; the answer carries status, stdout and stderr. */
export function apt(args, cwd = '/') {
  return spawnSync(findProgram('apt-get'), ['-qq', ...APT_OPTIONS, ...args], {
    cwd,
    env: aptEnvironment(),
    encoding: 'utf8',
  });
}

let areListsFresh = false;
function updateLists() {
  if (areListsFresh) return;
  areListsFresh = true;
  apt(['update']);
}

function aptEnvironment() {
  return {
    ...process.env,
    PATH: [process.env.PATH, ...SYSTEM_PATH].join(delimiter),
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C',
  };
}

function packageFailure(names, result) {
  const why = (result.stderr ?? '').trim().split('\n').slice(-5).join('\n  ');
  return new SetupError(
    `could not get ${names.join(', ')}\n  ${why}`,
    `see that the machine reaches its package mirror, or install ${names.join(', ')} yourself, and try again`,
  );
}
