// Sees to it that node_modules is what package-lock.json says and holds a Node.js 24. A stamp inside node_modules makes the
// usual case one small read; it vanishes together with what it vouches for. An installation made by hand that fits is adopted.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { withPidLock } from './pid-lock.mjs';
import { BIN, CACHE, MODULES, ROOT } from './places.mjs';
import { isProcessAlive, readCommandLine, readPidFile } from './process-state.mjs';
import { say, SetupError } from './say.mjs';

const STAMP = join(MODULES, '.gantry-stamp');
const LOCK_FILE = join(ROOT, 'package-lock.json');
const NPM_PID_FILE = join(CACHE, 'npm.pid');
const ATTEMPTS = 2;
const NPM_ARGS = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--engine-strict=false'];
const NPM_QUIET = [
  '--no-audit',
  '--no-fund',
  '--prefer-offline',
  '--loglevel=error',
  '--progress=false',
  '--dry-run=false',
];
const MIN_MAJOR = 24;

/** Installs the packages if they are not there as locked. Throws SetupError. `onChild` gets each npm process, to end it with us. */
export async function ensureNodeModules(onChild = () => {}) {
  const stamp = wantedStamp();
  if (isStamped(stamp)) return;
  await withPidLock(join(CACHE, 'install.lock'), async () => {
    if (isStamped(stamp)) return;
    await waitForOrphan();
    if (isInstalledAsLocked()) await requireNode();
    else await install(onChild);
    writeFileSync(STAMP, stamp);
  });
}

/** Whether the stamp fits, that is, whether there is nothing to do. */
export function areNodeModulesReady() {
  return isStamped(wantedStamp());
}

function wantedStamp() {
  const hash = createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex');
  return `${hash} ${process.platform} ${process.arch}\n`;
}

function isStamped(stamp) {
  try {
    return readFileSync(STAMP, 'utf8') === stamp;
  } catch {
    return false;
  }
}

// npm keeps its own record of what it installed; it is compared without optional packages, of which each platform skips some.
function isInstalledAsLocked() {
  try {
    const locked = JSON.parse(readFileSync(LOCK_FILE, 'utf8')).packages;
    const installed = JSON.parse(readFileSync(join(MODULES, '.package-lock.json'), 'utf8')).packages;
    const required = Object.entries(locked).filter(([path, entry]) => path !== '' && !entry.optional && !entry.link);
    const fits = ([path, entry]) => installed[path]?.version === entry.version && existsSync(join(ROOT, path));
    return required.every(fits) && hasNode();
  } catch {
    return false;
  }
}

function hasNode() {
  return existsSync(join(BIN, 'node')) || Number.parseInt(process.versions.node, 10) >= MIN_MAJOR;
}

async function install(onChild) {
  say('installing the packages of package-lock.json (only now; about half a minute) …');
  for (let attempt = 1; ; attempt += 1) {
    try {
      await installOnce(onChild);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      say('that failed; removing node_modules and trying once more …');
      rmSync(MODULES, { recursive: true, force: true });
    }
  }
}

async function installOnce(onChild) {
  const { code, output } = await runNpm(onChild);
  if (code === 0) return requireNode();
  const why = output.trim().split('\n').slice(-12).join('\n  ');
  throw new SetupError(`npm ci failed\n  ${why}`, 'see that the machine reaches its package registry, then try again');
}

// An npm whose set-up was killed goes on alone, and two in one folder ruin each other's work.
async function waitForOrphan() {
  const orphan = readPidFile(NPM_PID_FILE);
  if (orphan === undefined || !isNpm(orphan)) return;
  say(`waiting for an installation that goes on (process ${orphan}) …`);
  while (isNpm(orphan)) await pause(100);
}

function isNpm(pid) {
  return isProcessAlive(pid) && readCommandLine(pid).includes('npm');
}

function runNpm(onChild) {
  const [program, ...args] = [...npmProgram(), ...NPM_ARGS, ...NPM_QUIET];
  return new Promise((resolve) => {
    const npm = spawn(program, args, { cwd: ROOT, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    writeFileSync(NPM_PID_FILE, `${npm.pid}\n`);
    onChild(npm);
    let output = '';
    const keep = (text) => (output = (output + text).slice(-8000));
    npm.stdout.setEncoding('utf8').on('data', keep);
    npm.stderr.setEncoding('utf8').on('data', keep);
    npm.once('error', (error) => resolve({ code: 1, output: `npm could not be started: ${error.message}` }));
    npm.once('close', (code) => {
      rmSync(NPM_PID_FILE, { force: true });
      resolve({ code, output });
    });
  });
}

// The npm that called us, run by the Node that runs us; npm's settings in the environment (dry-run, omit …) are not for it.
function npmProgram() {
  const caller = process.env.npm_execpath ?? '';
  return basename(caller) === 'npm-cli.js' && existsSync(caller) ? [process.execPath, caller] : ['npm'];
}

function cleanEnvironment() {
  const isForeign = (name) =>
    /^(npm_(?!config_(registry|cafile|proxy|https[_-]proxy|noproxy|userconfig|cache)$)|node_env$|node_options$|init_cwd$)/i.test(
      name,
    );
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)));
}

/** An optional package that could not be downloaded is skipped by npm in silence, and the packaged Node is such a one. */
async function requireNode() {
  const program = existsSync(join(BIN, 'node')) ? join(BIN, 'node') : process.execPath;
  const version = await readVersion(program);
  if (version !== undefined && Number.parseInt(version.slice(1), 10) >= MIN_MAJOR) return;
  throw new SetupError(
    `no Node.js ${MIN_MAJOR} after installing (${program} says ${version ?? 'nothing'})`,
    `remove node_modules and try again; on systems other than Linux with glibc install Node.js ${MIN_MAJOR} and use it`,
  );
}

function readVersion(program) {
  return new Promise((resolve) => {
    const child = spawn(program, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', () => resolve(undefined));
    child.once('close', (code) => resolve(code === 0 ? output.trim() : undefined));
  });
}
