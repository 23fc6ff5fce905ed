// Waits for a condition by asking again and again; the deadline is far beyond what any machine needs and only names what never came.
import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 150_000;

export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`never came true: ${what}`);
    await sleep(10);
  }
}
