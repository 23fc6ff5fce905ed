// Memory of the process after a collection: what is held, without the garbage that V8 had no reason to clear away yet.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes: heap with everything it keeps outside itself, and the resident set. */
export async function collectedMemory(): Promise<{ readonly heldBytes: number; readonly rssBytes: number }> {
  for (let count = 0; count < 3; count += 1) {
    collect();
    // Finalizers, and what they let go, run between two collections.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heldBytes: heapUsed + external, rssBytes: rss };
}
