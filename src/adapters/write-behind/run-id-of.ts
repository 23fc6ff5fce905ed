// Which run a chain belongs to, from its first write that says so: an update of an invocation names the invocation only. Null: none says it.
import type { RunId } from '../../core/ids.ts';
import type { StoreWrite } from '../../core/ports/store.ts';

export function runIdOf(chain: readonly StoreWrite[]): RunId | null {
  for (const write of chain) {
    const id = idIn(write);
    if (id !== null) return id;
  }
  return null;
}

/** True for a write whose guard names what other programs told the run. */
export function asksWhatWasTold(write: StoreWrite): boolean {
  return write.kind === 'updateRun' && write.guard.told !== undefined;
}

/** In a chain an invocation that stands is kept, as the store keeps it. */
export function isMade(isApplied: boolean | null, { kind }: StoreWrite): boolean {
  return isApplied === true || kind === 'insertInvocation';
}

function idIn(write: StoreWrite): RunId | null {
  switch (write.kind) {
    case 'insertRun':
      return write.run.id;
    case 'updateRun':
      return write.id;
    case 'insertInvocation':
      return write.invocation.runId;
    case 'putPayload':
      return write.runId;
    case 'appendEvents':
      return write.events[0]?.runId ?? null;
    case 'appendLogs':
    case 'updateInvocation':
      return null;
  }
}
