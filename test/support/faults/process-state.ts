// Whether a process lives, and whether it is stopped: as the kernel sees it.
import { readFileSync } from 'node:fs';

/** @returns the letter of /proc/<pid>/stat (`R`, `S`, `T` for stopped, …); null when there is no such process */
export function processState(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).charAt(0);
  } catch {
    return null;
  }
}
