// Questions about other processes. A zombie counts as dead: after a SIGKILL its number stays taken until its parent looks.
import { readFileSync } from 'node:fs';

/** Whether a process with this number lives (pid 0 or less never does). */
export function isProcessAlive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return readState(pid) !== 'Z';
}

/** Whether `pid` lives and runs the program `name`: a pid file may outlive its process and its number be given anew. */
export function isProcessNamed(pid, name) {
  if (!isProcessAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
  } catch {
    return false;
  }
}

/** The command line of a process, arguments apart by spaces; empty when it is gone or the system does not tell. */
export function readCommandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** The number in a pid file, or undefined without one. */
export function readPidFile(path) {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}

function readState(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  } catch {
    return undefined;
  }
}
