// How much memory this process holds on to: measured after a garbage collection, so that what is merely not yet collected does not count.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as sleep } from 'node:timers/promises';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heldBytes(): number {
  // Buffers that the first collection found are given back in the background; the second one waits for that.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The most that was held during the work above what was held before it, looked at four times a second. */
export async function mostHeldDuring<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly heldBytes: number }> {
  const before = heldBytes();
  let most = 0;
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      await sleep(250, undefined, { signal: over.signal }).catch(() => undefined);
      most = Math.max(most, heldBytes() - before);
    }
  })();
  const result = await work();
  over.abort();
  await watching;
  return { result, heldBytes: most };
}
