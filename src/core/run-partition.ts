// The partition of the queue that a run is in: fixed by its id, and the same in every process.
import type { RunId } from './ids.ts';
import { RUN_PARTITIONS } from './run.ts';

/** FNV-1a over the id: even over the partitions. */
export function partitionOf(id: RunId): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % RUN_PARTITIONS;
}
