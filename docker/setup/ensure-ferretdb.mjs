// Builds the MongoDB stand-in of the tests (test/support/ferretdb, in Go) once per version of its sources. It is a comfort, not a
// need: without a Go toolchain or without the module registry the tests that want it are reported as not run.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from './debian-packages.mjs';
import { withPidLock } from './pid-lock.mjs';
import { CACHE, ROOT } from './places.mjs';
import { say, SetupError } from './say.mjs';

const SOURCES = join(ROOT, 'test', 'support', 'ferretdb');
const FILES = ['go.mod', 'go.sum', 'main.go'];
const ENVIRONMENT = { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off', CGO_ENABLED: '0' };
const BUILD_DEADLINE_MS = 600_000;

/** Absolute path of the program if it is built, else undefined. */
export function findFerretdb() {
  const program = programPath();
  return existsSync(program) ? program : undefined;
}

/** Builds it if need be and answers its path. Throws SetupError when it cannot be built here. */
export async function ensureFerretdb() {
  if (findFerretdb() === undefined) await withPidLock(join(CACHE, 'ferretdb.lock'), buildUnlessThere);
  return programPath();
}

function programPath() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of FILES) hash.update(readFileSync(join(SOURCES, file)));
  return join(CACHE, 'ferretdb', hash.digest('hex').slice(0, 16), 'ferretdb');
}

async function buildUnlessThere() {
  if (findFerretdb() !== undefined) return;
  const go = findProgram('go') ?? ['/usr/local/go/bin/go', '/usr/lib/go/bin/go'].find((path) => existsSync(path));
  if (go === undefined) throw new SetupError('no Go toolchain for the MongoDB stand-in', 'install Go 1.22 or newer');
  say('building the MongoDB stand-in for tests (only now; a minute or two) …');
  const program = programPath();
  const unfinished = `${program}.${process.pid}`;
  mkdirSync(dirname(program), { recursive: true });
  await build(go, unfinished);
  renameSync(unfinished, program);
}

function build(go, output) {
  return new Promise((resolve, reject) => {
    const child = spawn(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', output, '.'], {
      cwd: SOURCES,
      env: { ...process.env, ...ENVIRONMENT },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: BUILD_DEADLINE_MS,
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (complaints = (complaints + text).slice(-4000)));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) return resolve();
      const why = complaints.trim().split('\n').slice(-8).join('\n  ');
      reject(
        new SetupError(`could not build the MongoDB stand-in\n  ${why}`, 'see that Go reaches its module registry'),
      );
    });
  });
}
