// Starts and ends a Docker daemon by hand, where no service manager does. The files a killed daemon leaves behind name
// processes that are gone, or worse, quite other ones, and a daemon refuses to start on such a number: they are cleared first.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pingEngine } from './ping-engine.mjs';
import { isProcessAlive, isProcessNamed, readPidFile } from './process-state.mjs';
import { say, SetupError } from './say.mjs';

const START_DEADLINE_MS = 180_000;
const STOP_DEADLINE_MS = 60_000;
/** A daemon on a busy machine gives its containerd up after 15 s and ends; the next one finds it further on. */
const GAVE_UP = /timeout waiting for containerd to start/;
const ATTEMPTS = 5;
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * Starts a daemon detached from this process and waits until it answers. `site` says where everything is:
 * `{ host, pidFile, containerdPidFile, log, command: [program, …args], path: [folder, …] }`. A daemon that is already
 * starting is waited for instead. Answers its pid; throws SetupError with the end of its log.
 */
export async function startDaemon(site) {
  const starting = await waitForStarting(site);
  if (starting !== undefined) return starting;
  for (let count = 1; ; count += 1) {
    const pid = await launchAndWait(site);
    if (pid !== undefined) return pid;
    if (count === ATTEMPTS || !GAVE_UP.test(readLogEnd(site))) throw startFailure(site);
    clearStalePidFiles(site);
  }
}

async function launchAndWait(site) {
  let isRunning = true;
  const daemon = launch(site);
  daemon.once('exit', () => (isRunning = false));
  daemon.once('error', () => (isRunning = false));
  if (!(await hasAnswered(site, () => isRunning))) return undefined;
  daemon.unref();
  return daemon.pid;
}

/** The pid of a daemon that was on its way already; undefined when there is none, or it ended (it may have been dying). */
async function waitForStarting(site) {
  clearStalePidFiles(site);
  const pid = readPidFile(site.pidFile);
  if (pid === undefined) return undefined;
  say(`waiting for the Docker Engine that is starting or ending (process ${pid}) …`);
  if (await hasAnswered(site, () => isProcessAlive(pid))) return pid;
  if (isProcessAlive(pid)) throw startFailure(site);
  clearStalePidFiles(site);
  return undefined;
}

/** Ends the daemon of `site`, with its containers; one that does not go in time is killed. No daemon is no error. */
export async function stopDaemon({ pidFile, containerdPidFile }) {
  const pid = readPidFile(pidFile);
  if (pid === undefined || !isProcessNamed(pid, 'dockerd')) return;
  const containerd = readPidFile(containerdPidFile);
  process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + STOP_DEADLINE_MS;
  while (isProcessAlive(pid) && performance.now() < deadline) await pause(50);
  killNamed(pid, 'dockerd');
  killNamed(containerd, 'containerd');
}

function clearStalePidFiles({ pidFile, containerdPidFile }) {
  for (const [file, name] of [
    [pidFile, 'dockerd'],
    [containerdPidFile, 'containerd'],
  ]) {
    const pid = readPidFile(file);
    if (pid === undefined || !isProcessNamed(pid, name)) rmSync(file, { force: true });
  }
}

function launch({ log, command: [program, ...args], path }) {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'w');
  const folders = [...path, process.env.PATH ?? '', ...SYSTEM_FOLDERS].join(':');
  const options = {
    cwd: '/',
    detached: true,
    env: { ...process.env, PATH: folders },
    stdio: ['ignore', output, output],
  };
  const daemon = spawn(program, args, options);
  closeSync(output);
  return daemon;
}

async function hasAnswered({ host }, isHopeful) {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline) {
    if ((await pingEngine(host)) === 'answers') return true;
    if (!isHopeful()) return false;
    await pause(100);
  }
  return false;
}

function startFailure({ log }) {
  return new SetupError(
    `the Docker Engine did not start\n  ${readLogEnd({ log })}`,
    `read ${log}, or start an engine yourself and set DOCKER_HOST`,
  );
}

function killNamed(pid, name) {
  if (pid === undefined || !isProcessNamed(pid, name)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself in between.
  }
}

function readLogEnd({ log }) {
  try {
    return readFileSync(log, 'utf8').trim().split('\n').slice(-8).join('\n  ');
  } catch {
    return '(no log)';
  }
}
