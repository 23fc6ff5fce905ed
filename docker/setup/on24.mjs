// Runs a command on the project's own Node.js 24, on any machine with Node 18 or newer, and first sets up what it needs:
//   node docker/setup/on24.mjs [--with-engine] [--with-bases] [--for-tests] [--] command …
// --with-engine: a Docker Engine answers · --with-bases: that, and the base images stand · --for-tests: tools that tests use.
// What stands is not touched: a warm start costs milliseconds. npm hooks ("pretest") cannot do this: they are skipped under
// ignore-scripts, and a shell that has found `node` once does not find the new one.
import { constants } from 'node:os';
import { ensureBases } from '../bases/ensure-bases.mjs';
import { DEFAULT_HOST, ensureEngine } from './ensure-engine.mjs';
import { ensureFerretdb } from './ensure-ferretdb.mjs';
import { ensureNodeModules } from './ensure-node-modules.mjs';
import { ensureTestTools } from './ensure-test-tools.mjs';
import { runCommand } from './run-command.mjs';
import { say, sayFailure, SetupError } from './say.mjs';

const FLAGS = ['--with-engine', '--with-bases', '--for-tests'];

function readArguments(args) {
  const flags = new Set();
  let index = 0;
  while (index < args.length && FLAGS.includes(args[index])) flags.add(args[index++]);
  if (args[index] === '--') index += 1;
  return { flags, command: args.slice(index) };
}

/** Sets up what the flags ask for; answers the environment the command needs on top. */
async function setUp(flags, onChild) {
  await ensureNodeModules(onChild);
  const environment = {};
  if (flags.has('--with-engine') || flags.has('--with-bases')) {
    const { host } = await ensureEngine();
    if (host !== DEFAULT_HOST) environment.DOCKER_HOST = host;
    if (flags.has('--with-bases')) await ensureBases({ host, report: say });
  }
  if (flags.has('--for-tests')) {
    await ensureTestTools();
    await tryFerretdb();
  }
  return environment;
}

/** Tests that want it say themselves that they did not run without it. */
async function tryFerretdb() {
  try {
    await ensureFerretdb();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`no MongoDB stand-in, its tests will not run: ${error.message}`);
  }
}

async function main() {
  const { flags, command } = readArguments(process.argv.slice(2));
  if (command.length === 0 || command[0].startsWith('--')) {
    throw new SetupError('no command given', `use: node docker/setup/on24.mjs [${FLAGS.join('] [')}] [--] command …`);
  }
  let child;
  const stop = (signal) => {
    const end = () => process.exit(128 + constants.signals[signal]);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return end();
    child.once('close', end);
    child.kill('SIGTERM');
  };
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', stop);
  const environment = await setUp(flags, (started) => (child = started));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.off(signal, stop);
  process.exitCode = await runCommand(command, environment);
  process.exit();
}

try {
  await main();
} catch (error) {
  sayFailure(error);
  process.exitCode = 1;
}
