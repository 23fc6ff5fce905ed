// Runs a command in this process's place: same terminal, signals passed on, its end becomes ours. Node cannot exec, so a thin
// parent stays. A Ctrl-C reaches the command from the terminal already and is not passed on a second time.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter } from 'node:path';
import { BIN, COMPILE_CACHE } from './places.mjs';

const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR2'];

/** Resolves with the exit code: the command's own, 128 + signal number, or 127 when it cannot be started. */
export function runCommand([program, ...args], extraEnvironment = {}) {
  const path = [BIN, process.env.PATH ?? ''].join(delimiter);
  return new Promise((resolve) => {
    const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, ...extraEnvironment, PATH: path };
    const child = spawn(program, args, { env, stdio: 'inherit' });
    for (const signal of PASSED_ON) {
      process.on(signal, () => {
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    child.once('error', (error) => {
      process.stderr.write(`cannot run ${program}: ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}
