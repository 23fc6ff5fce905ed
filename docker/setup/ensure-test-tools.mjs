// Programs that only tests need. jq is installed; Prometheus with its promtool is merely unpacked into the cache, because
// installing its package would start a server. What is there already costs a look at the file system.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram, installPackages, unpackPackages } from './debian-packages.mjs';
import { CACHE } from './places.mjs';
import { withPidLock } from './pid-lock.mjs';

const PROMETHEUS_FOLDER = join(CACHE, 'prometheus');
const PROMTOOL = join(PROMETHEUS_FOLDER, 'usr', 'bin', 'promtool');

/**
 * Absolute paths of the tools: `{ jq, promtool }`; `prometheus` lies beside promtool. Throws SetupError when one is missing and
 * cannot be had.
 */
export async function ensureTestTools() {
  if (findTestTools() === undefined) await withPidLock(join(CACHE, 'test-tools.lock'), fetchMissing);
  return findTestTools();
}

/** The same without getting anything: undefined unless all are there. */
export function findTestTools() {
  const jq = findProgram('jq');
  const promtool = findPromtool();
  const isComplete = jq !== undefined && promtool !== undefined && findProgram('docker') !== undefined;
  return isComplete ? { jq, promtool } : undefined;
}

/** The tests start the server that lies beside it too: a promtool alone does not do. */
function findPromtool() {
  return [PROMTOOL, findProgram('promtool')].find(
    (path) => path !== undefined && existsSync(path) && existsSync(join(dirname(path), 'prometheus')),
  );
}

function fetchMissing() {
  if (findProgram('jq') === undefined) installPackages(['jq']);
  // Tests look at engines with the command line, as a person would. On older releases it comes with the engine's package.
  if (findProgram('docker') === undefined) installPackages(['docker.io']);
  if (findPromtool() === undefined) unpackPackages(['prometheus'], PROMETHEUS_FOLDER);
}
