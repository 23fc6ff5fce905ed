// Process entry: signals and the exit code; nothing else. Ctrl-C can reach the program several times at once (terminal, npm, runner), so
// repeats within a second are one; a later one ends the program at once.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from './cli/run-cli.ts';
import { processEnvironment } from './config/load-config.ts';

const REPEAT_MS = 1_000;

const stop = new AbortController();
let firstAtMs: number | null = null;

function onSignal(signal: NodeJS.Signals): void {
  const nowMs = performance.now();
  if (firstAtMs === null) {
    firstAtMs = nowMs;
    stop.abort(new Error(`stopped by ${signal}`));
  } else if (nowMs - firstAtMs > REPEAT_MS) process.exit(signal === 'SIGINT' ? 130 : 143);
}

process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// A closed pipe on stdout (`gantry runs list | head`) is the reader's choice, not an error.
process.stdout.on('error', () => process.exit(0));

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  environment: processEnvironment(),
  streams: { stdout: process.stdout, stderr: process.stderr },
  stop: stop.signal,
});
