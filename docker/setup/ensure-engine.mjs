// Sees to it that a Docker Engine answers. One that does is always taken as it is; else, on a Debian-like system as root, the
// distribution's engine is installed and started in the background, where it stays when we are gone. `stopStartedEngine` ends
// only an engine that was started here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, stopDaemon } from './daemon.mjs';
import { canInstallPackages, findProgram, installPackages } from './debian-packages.mjs';
import { withPidLock } from './pid-lock.mjs';
import { pingEngine } from './ping-engine.mjs';
import { ENGINE_STATE } from './places.mjs';
import { readPidFile } from './process-state.mjs';
import { say, SetupError } from './say.mjs';

export const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const STARTED_PID_FILE = join(ENGINE_STATE, 'dockerd.pid');
const SITE = {
  host: DEFAULT_HOST,
  pidFile: '/var/run/docker.pid',
  containerdPidFile: '/var/run/docker/containerd/containerd.pid',
  log: join(ENGINE_STATE, 'dockerd.log'),
  path: [],
};

/**
 * Finds or starts an engine. Answers `{ host, isStarted }`: `host` as in DOCKER_HOST, `isStarted` when this call started it.
 * Throws SetupError, saying what to do, when no engine can be had.
 */
export async function ensureEngine() {
  const configured = process.env.DOCKER_HOST ?? '';
  if (configured !== '') return { host: await requireConfigured(configured), isStarted: false };
  const running = await findRunning();
  if (running !== undefined) return { host: running, isStarted: false };
  const lock = process.getuid?.() === 0 ? '/var/run/gantry-engine.lock' : join(ENGINE_STATE, 'lock');
  return withPidLock(lock, startUnlessRunning);
}

async function requireConfigured(host) {
  if ((await pingEngine(host)) !== 'silent') return host;
  throw new SetupError(
    `no Docker Engine answers at DOCKER_HOST=${host}`,
    'start that engine, or unset DOCKER_HOST to use the local one',
  );
}

async function findRunning() {
  const runtimeFolder = process.env.XDG_RUNTIME_DIR ?? '';
  const hosts = [DEFAULT_HOST, ...(runtimeFolder === '' ? [] : [`unix://${runtimeFolder}/docker.sock`])];
  for (const host of hosts) {
    if ((await pingEngine(host)) === 'answers') return host;
  }
  return undefined;
}

async function startUnlessRunning() {
  const running = await findRunning();
  if (running !== undefined) return { host: running, isStarted: false };
  await refuseHopeless();
  if (findProgram('dockerd') === undefined) installPackages(['docker.io']);
  if (existsSync('/run/systemd/system')) spawnSync('systemctl', ['start', 'docker'], { stdio: 'ignore' });
  say('starting the Docker Engine …');
  const pid = await startDaemon({ ...SITE, command: [findProgram('dockerd')] });
  mkdirSync(ENGINE_STATE, { recursive: true });
  writeFileSync(STARTED_PID_FILE, `${pid}\n`);
  return { host: DEFAULT_HOST, isStarted: true };
}

async function refuseHopeless() {
  if ((await pingEngine(DEFAULT_HOST)) === 'forbidden') {
    throw new SetupError(
      'this user may not use the Docker Engine',
      'add the user to the group "docker" and log in again, or run as root',
    );
  }
  if (process.platform !== 'linux') {
    throw new SetupError('no Docker Engine answers', 'start Docker Desktop (or another engine) and try again');
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      'no Docker Engine answers',
      'start it (for example "sudo systemctl start docker"), or set DOCKER_HOST',
    );
  }
  if (findProgram('dockerd') === undefined && !canInstallPackages()) {
    throw new SetupError(
      'no Docker Engine is installed',
      'install Docker Engine 20.10 or newer with your package manager',
    );
  }
}

/** Ends the engine that an `ensureEngine` of this repository started, if it still runs. Answers whether there was one. */
export async function stopStartedEngine() {
  const started = readPidFile(STARTED_PID_FILE);
  rmSync(STARTED_PID_FILE, { force: true });
  if (started === undefined || started !== readPidFile(SITE.pidFile)) return false;
  await stopDaemon(SITE);
  return true;
}
