// A current Docker Engine (28) beside the machine's own one, for tests: unpacked into the cache from the distribution's next
// release, nothing installed. It lives in a network namespace of its own, because two daemons in one would share a bridge and
// its addresses; so it has no way out, and images are copied into it (`copyImages`). The system's runc is used: the newer one
// needs a newer C library.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BASES, imageOf } from '../bases/recipes.mjs';
import { startDaemon, stopDaemon } from './daemon.mjs';
import { apt, findProgram, unpackDownloads } from './debian-packages.mjs';
import { postToEngine, readFromEngine, requestEngine } from './engine-request.mjs';
import { ensureEngine } from './ensure-engine.mjs';
import { withPidLock } from './pid-lock.mjs';
import { pingEngine } from './ping-engine.mjs';
import { CACHE, ROOT } from './places.mjs';
import { say, SetupError } from './say.mjs';

const SUITE = 'forky';
// Compose is for the test that has it read our files.
const PACKAGES = ['docker.io', 'containerd', 'docker-compose'];
const FOLDER = join(CACHE, 'engine28');
const UNPACKED = join(FOLDER, 'root');
const BINARIES = [join(UNPACKED, 'usr', 'sbin'), join(UNPACKED, 'usr', 'bin')];

// Socket paths must stay under 108 bytes, however deep the repository lies.
const RUN = join(tmpdir(), `gantry-e28-${createHash('sha256').update(ROOT).digest('hex').slice(0, 8)}`);
const SITE = {
  host: `unix://${join(RUN, 'docker.sock')}`,
  pidFile: join(RUN, 'docker.pid'),
  containerdPidFile: join(RUN, 'exec', 'containerd', 'containerd.pid'),
  log: join(FOLDER, 'dockerd.log'),
  path: BINARIES,
};

/** Why engine 28 cannot run here, or undefined when it can. */
export function engine28Obstacle() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  if (!existsSync('/etc/debian_version')) return 'needs a Debian system';
  const missing = ['apt-get', 'dpkg', 'runc', 'unshare', 'iptables'].find((name) => findProgram(name) === undefined);
  return missing === undefined ? undefined : `needs ${missing}`;
}

/** Compose 2, unpacked beside the engine or installed: an absolute path, or undefined. Nothing is fetched. */
export function findCompose() {
  const folders = [
    join(UNPACKED, 'usr', 'libexec'),
    '/usr/local/libexec',
    '/usr/local/lib',
    '/usr/libexec',
    '/usr/lib',
  ];
  return folders.map((folder) => join(folder, 'docker/cli-plugins/docker-compose')).find((path) => existsSync(path));
}

/** Unpacks the engine if that was not done yet. */
export async function unpackEngine28() {
  const obstacle = engine28Obstacle();
  if (obstacle !== undefined)
    throw new SetupError(`engine 28 ${obstacle}`, 'run the tests on the machine’s own engine only');
  if (existsSync(UNPACKED)) return;
  await withPidLock(join(CACHE, 'engine28.lock'), () => {
    if (!existsSync(UNPACKED)) fetchEngine();
  });
}

/**
 * Starts it, or takes the one that runs, and copies the base images of the machine's own engine into it. Answers
 * `{ host }` as for DOCKER_HOST; disposing of it (`await using`) ends the engine.
 */
export async function startEngine28() {
  await unpackEngine28();
  const { host: ownHost } = await ensureEngine();
  await withPidLock(join(CACHE, 'engine28.lock'), startUnlessRunning);
  const bases = Object.keys(BASES).filter((name) => BASES[name].isDefault);
  await copyImages(ownHost, SITE.host, bases.map(imageOf));
  return { host: SITE.host, [Symbol.asyncDispose]: stopEngine28 };
}

async function startUnlessRunning() {
  if ((await pingEngine(SITE.host)) === 'answers') return;
  say('starting Docker Engine 28 …');
  mkdirSync(RUN, { recursive: true });
  await startDaemon({ ...SITE, command: daemonCommand() });
}

/** Ends it and forgets its run-time state. Its images stay in the cache for the next start. */
export async function stopEngine28() {
  await stopDaemon(SITE);
  rmSync(RUN, { recursive: true, force: true });
}

/** Copies those of the images (`name:tag`) that `toHost` does not have in the same version. */
export async function copyImages(fromHost, toHost, images) {
  const missing = [];
  for (const image of images) {
    const [source, target] = await Promise.all(
      [fromHost, toHost].map((host) => readFromEngine(host, `/images/${image}/json`)),
    );
    if (source === undefined) throw new SetupError(`no image ${image} at ${fromHost}`, 'build it there first');
    if (source.Id !== target?.Id) missing.push(image);
  }
  if (missing.length === 0) return;
  const query = missing.map((image) => `names=${encodeURIComponent(image)}`).join('&');
  const archive = await requestEngine(fromHost, { path: `/images/get?${query}` });
  await postToEngine(toHost, { path: '/images/load?quiet=1', body: archive, type: 'application/x-tar' });
}

function daemonCommand() {
  const data = join(FOLDER, 'data');
  const roots = ['--data-root', data, '--exec-root', join(RUN, 'exec'), '--pidfile', SITE.pidFile, '--host', SITE.host];
  const inside = 'ip link set lo up 2>/dev/null; exec dockerd "$@"';
  return [
    findProgram('unshare'),
    '--net',
    '--mount',
    '--propagation',
    'slave',
    'sh',
    '-c',
    inside,
    'dockerd',
    ...roots,
  ];
}

function fetchEngine() {
  say('fetching Docker Engine 28 from the distribution’s next release …');
  mkdirSync(join(FOLDER, 'lists', 'partial'), { recursive: true });
  const sources = join(FOLDER, 'next.sources');
  writeFileSync(sources, nextReleaseSource());
  const options = {
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(FOLDER, 'lists'),
  };
  const separate = {
    ...options,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'APT::Sandbox::User': 'root',
  };
  const flags = Object.entries(separate).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  apt([...flags, 'update']);
  unpackDownloads(UNPACKED, (folder) => apt([...flags, 'download', ...PACKAGES], folder), PACKAGES);
  rmSync(join(FOLDER, 'lists'), { recursive: true, force: true });
}

/** The machine's own source of the distribution with the release exchanged: no mirror is named here. */
function nextReleaseSource() {
  const modern = '/etc/apt/sources.list.d/debian.sources';
  if (existsSync(modern)) {
    const stanza = readFileSync(modern, 'utf8')
      .split(/\n\s*\n/)
      .find((text) => /^URIs:/m.test(text));
    if (stanza !== undefined) return stanza.replace(/^#.*\n/gm, '').replace(/^Suites:.*$/m, `Suites: ${SUITE}`) + '\n';
  }
  const line = readFileSync('/etc/apt/sources.list', 'utf8').match(/^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+\S+\s+main/m);
  if (line === null) throw new SetupError('no Debian package source found', 'see /etc/apt/sources.list');
  return `Types: deb\nURIs: ${line[2]}\nSuites: ${SUITE}\nComponents: main\n`;
}
