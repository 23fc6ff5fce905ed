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
