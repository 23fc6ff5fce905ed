// A chain of writes on its way to the database thread. As one text: it is copied in no time where a nested message is taken apart and put
// together again, what the rows of it are is worked out over there, and it can be kept as it is (pending-runs.ts). What is large goes as rows.
import type { StoreWrite } from '../../core/ports/store.ts';
import { runIdOf } from '../../core/run-id-of.ts';
import { encodeWrite } from './encode-write.ts';
import type { SentChain } from './operations.ts';

/** The text of a large payload would be written and read once more for nothing. */
const TEXT_CHARS_MAX = 64 * 1024;

export function sendChain(chain: readonly StoreWrite[]): SentChain {
  const runId = runIdOf(chain);
  const isLight = charsOf(chain) <= TEXT_CHARS_MAX;
  return [runId, isLight ? JSON.stringify(chain) : chain.map(encodeWrite), isLight && chain.some(isBeginning)];
}

export function readChain(text: string): readonly StoreWrite[] {
  return JSON.parse(text) as readonly StoreWrite[];
}

/** True of a run that begins as it is made, and whose place nobody can have: its next writes mostly follow at once. */
function isBeginning(write: StoreWrite): boolean {
  if (write.kind !== 'insertRun') return false;
  const { state, durability, idempotencyKey, concurrencyKey } = write.run;
  return state === 'running' && durability === 'stored' && idempotencyKey === null && concurrencyKey === null;
}

function charsOf(chain: readonly StoreWrite[]): number {
  let chars = 0;
  for (const write of chain) {
    if (write.kind === 'putPayload') chars += write.json.length;
    else if (write.kind === 'appendLogs') for (const { message } of write.lines) chars += message.length;
  }
  return chars;
}
