// What an exit code alone says, the same for `json` and `text`: 0 ok · 1 plugin error · 64–78 wrong use (never retried) ·
// 137 with the kernel's word for it out of memory · anything else a crash. Codes over 128 are 128 + the signal's number.
import { oneLine, type Reply, type Verdict } from './reply.ts';

const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

/** The verdict of a non-zero exit; null for exit 0 (the output decides). A plugin's own error document is read by the caller first. */
export function exitVerdict(reply: Reply): Verdict | null {
  const { exitCode } = reply;
  if (reply.isOutOfMemory && exitCode !== 0) return outOfMemory(reply);
  if (exitCode === 0) return null;
  if (exitCode === 1) return pluginError('exit_1', true, saidOr(reply, 'the plugin ended with exit code 1'));
  if (exitCode >= 64 && exitCode <= 78)
    return pluginError('usage', false, saidOr(reply, `the plugin ended with exit code ${exitCode} (wrong use)`));
  return crash(reply);
}

function outOfMemory(reply: Reply): Verdict {
  const used = reply.memoryPeakBytes;
  const message = `the plugin needed more memory than its limit of ${mebibytes(reply.memoryLimitBytes)}`;
  const breach = { limit: 'memoryBytes', value: reply.memoryLimitBytes, used } as const;
  return { outcome: { code: 'oom', message, breach }, result: null };
}

/** As the manifest has it: `128Mi`. */
function mebibytes(bytes: number): string {
  const count = bytes / 1024 ** 2;
  return Number.isInteger(count) ? `${String(count)}Mi` : `${String(bytes)} bytes`;
}

function pluginError(pluginCode: string, isRetryable: boolean, message: string): Verdict {
  return { outcome: { code: 'plugin_error', message, pluginCode, isRetryable }, result: null };
}

function crash(reply: Reply): Verdict {
  const signal = reply.exitCode > 128 ? (SIGNAL_NAMES[reply.exitCode - 128] ?? null) : null;
  const how = signal === null ? `exit code ${reply.exitCode}` : `signal ${signal}`;
  const said = reply.stderrTail === '' ? '' : `: ${reply.stderrTail}`;
  const message = oneLine(`the plugin ended by ${how}${said}`);
  return { outcome: { code: 'crash', message, exitCode: reply.exitCode, signal }, result: null };
}

function saidOr(reply: Reply, otherwise: string): string {
  return oneLine(reply.stderrTail) || otherwise;
}
