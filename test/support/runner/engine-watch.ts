// Looks after the engine while tests run. One that hangs lets every later test wait out its patience, which adds up to hours: when two starts
// of a container in a row do not end, that is told once. A start that fails has been answered, and is the tests' to find.
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SHELL_IMAGE, testDockerHost } from '../engine/test-engine.ts';

const PAUSE_MS = 60_000;
/** Of one start, which takes half a second on an idle machine. */
const PATIENCE_MS = 150_000;
const IN_A_ROW = 2;

export interface WatchOptions {
  /** starts and ends a container; rejects at the signal */
  readonly start?: (signal: AbortSignal) => Promise<unknown>;
  readonly onHung: (line: string) => void;
  readonly pauseMs?: number;
  readonly patienceMs?: number;
}

/** Watches until it is disposed of, which waits for a start that is under way: it would leave its container behind. */
export function watchEngine(options: WatchOptions): AsyncDisposable {
  const closing = new AbortController();
  const watching = watch(options, closing.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await watching;
    },
  };
}

async function watch(options: WatchOptions, closing: AbortSignal): Promise<void> {
  const { start = startOne, onHung, pauseMs = PAUSE_MS, patienceMs = PATIENCE_MS } = options;
  let unanswered = 0;
  while (unanswered < IN_A_ROW) {
    await pause(pauseMs, undefined, { signal: closing }).catch(() => undefined);
    if (closing.aborted) return;
    const deadline = AbortSignal.timeout(patienceMs);
    await start(deadline).catch(() => undefined);
    unanswered = deadline.aborted ? unanswered + 1 : 0;
  }
  const seconds = Math.round((IN_A_ROW * patienceMs) / 1_000);
  onHung(`the Docker Engine started no container for ${String(seconds)} s: it hangs, and the tests end here`);
}

async function startOne(signal: AbortSignal): Promise<void> {
  const limits = ['--network', 'none', '--pids-limit', '8', '--memory', '32m'];
  const args = ['-H', testDockerHost(), 'run', '--rm', ...limits, SHELL_IMAGE, 'true'];
  await promisify(execFile)('docker', args, { signal });
}
