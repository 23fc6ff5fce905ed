// Sees to it that a Docker Engine answers. One that does is always taken as it is; else, on a Debian-like system as root, the
// distribution's engine is installed and started in the background. It must also start after everything was killed at once:
// the pid files such a death leaves behind name processes that are gone, or worse, quite other ones.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { canInstallPackages, findProgram, installPackages } from './debian-packages.mjs';
import { pingEngine } from './ping-engine.mjs';
import { withPidLock } from './pid-lock.mjs';
import { ENGINE_STATE } from './places.mjs';
import { isProcessAlive, isProcessNamed, readPidFile } from './process-state.mjs';
import { say, SetupError } from './say.mjs';

export const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const DAEMON_PID_FILE = '/var/run/docker.pid';
const CONTAINERD_PID_FILE = '/var/run/docker/containerd/containerd.pid';
const START_DEADLINE_MS = 180_000;
const LOG = join(ENGINE_STATE, 'dockerd.log');
export const STARTED_PID_FILE = join(ENGINE_STATE, 'dockerd.pid');

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
  clearStalePidFiles();
  const alive = readPidFile(DAEMON_PID_FILE);
  if (alive === undefined) return startDaemon();
  say(`waiting for the Docker Engine that is starting (process ${alive}) …`);
  await waitForAnswer(() => isProcessAlive(alive));
  return { host: DEFAULT_HOST, isStarted: false };
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

/** Removes pid files whose process is gone; the daemon refuses to start on a number that was given to another process. */
function clearStalePidFiles() {
  for (const [file, name] of [
    [DAEMON_PID_FILE, 'dockerd'],
    [CONTAINERD_PID_FILE, 'containerd'],
  ]) {
    const pid = readPidFile(file);
    if (pid === undefined || !isProcessNamed(pid, name)) rmSync(file, { force: true });
  }
}

async function startDaemon() {
  say('starting the Docker Engine …');
  mkdirSync(ENGINE_STATE, { recursive: true });
  const log = openSync(LOG, 'a');
  const path = [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].join(':');
  const daemon = spawn(findProgram('dockerd'), [], {
    cwd: '/',
    detached: true,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let isRunning = true;
  daemon.once('exit', () => (isRunning = false));
  daemon.once('error', () => (isRunning = false));
  await waitForAnswer(() => isRunning);
  writeFileSync(STARTED_PID_FILE, `${daemon.pid}\n`);
  daemon.unref();
  return { host: DEFAULT_HOST, isStarted: true };
}

async function waitForAnswer(isHopeful) {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline) {
    if ((await pingEngine(DEFAULT_HOST)) === 'answers') return;
    if (!isHopeful()) break;
    await pause(100);
  }
  throw new SetupError(
    `the Docker Engine did not start\n  ${readLogEnd()}`,
    `read ${LOG}, or start an engine yourself and set DOCKER_HOST`,
  );
}

function readLogEnd() {
  try {
    return readFileSync(LOG, 'utf8').trim().split('\n').slice(-8).join('\n  ');
  } catch {
    return '(no log)';
  }
}
