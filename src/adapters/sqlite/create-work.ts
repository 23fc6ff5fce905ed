// What the database thread does when an operation is named: the operation itself, after the rows of pending runs that it has to see.
import { CatalogOperations } from './catalog-operations.ts';
import { ClaimOperations } from './claim-operations.ts';
import { encodeWrite } from './encode-write.ts';
import { HistoryOperations } from './history-operations.ts';
import type { ChainOperations, LinkOperation, Perform, SentChain } from './operations.ts';
import { PendingRuns } from './pending-runs.ts';
import { PlaceOperations } from './place-operations.ts';
import type { SqlValue } from './record-map.ts';
import { RetentionOperations } from './retention-operations.ts';
import { type InsertedRow, RunOperations } from './run-operations.ts';
import { ScheduleOperations } from './schedule-operations.ts';
import { readChain } from './sent-chain.ts';
import { settleFor } from './settle-for.ts';
import { StateOperations } from './state-operations.ts';
import type { Statements } from './statements.ts';

/** What the database thread does for others, and the runs whose rows it has yet to write. */
export interface Work {
  readonly perform: Perform;
  readonly pending: PendingRuns;
}

export function createWork(sql: Statements): Work {
  const owners = [
    ...[new RunOperations(sql), new ClaimOperations(sql), new PlaceOperations(sql)],
    ...[new HistoryOperations(sql), new CatalogOperations(sql), new ScheduleOperations(sql)],
    ...[new StateOperations(sql), new RetentionOperations(sql)],
  ];
  const methods = new Map<string, (...parameters: readonly unknown[]) => unknown>();
  const single = ([name, parameters]: LinkOperation): unknown => {
    const method = methods.get(name) ?? methodOf(owners, name);
    methods.set(name, method);
    return method(...parameters);
  };
  const pending = new PendingRuns(sql, single);
  const perform: Perform = (name, parameters) => {
    if (name === 'writeAll') {
      const [chains] = parameters as Parameters<ChainOperations['writeAll']>;
      return chains.map((chain) => writeChain(chain, pending, single));
    }
    settleFor(name, parameters, pending);
    return single([name, parameters]);
  };
  return { perform, pending };
}

function methodOf(owners: readonly object[], name: string): (...parameters: readonly unknown[]) => unknown {
  for (const owner of owners) {
    const method: unknown = Reflect.get(owner, name);
    if (typeof method === 'function') return method.bind(owner) as (...parameters: readonly unknown[]) => unknown;
  }
  throw new Error(`no operation ${name}`);
}

function writeChain(
  [runId, writes, isBeginning]: SentChain,
  pending: PendingRuns,
  single: (operation: LinkOperation) => unknown,
): boolean {
  if (runId === null) pending.settleAll();
  else {
    const kept = typeof writes === 'string' ? pending.keep(runId, writes, isBeginning) : null;
    if (kept !== null) return kept;
    pending.settle(runId);
  }
  const operations = typeof writes === 'string' ? readChain(writes).map(encodeWrite) : writes;
  return operations.every((operation) => isMade(operation, single(operation)));
}

/** Whether a write of a chain lets the next one follow. */
function isMade([name, parameters]: LinkOperation, result: unknown): boolean {
  if (name !== 'insertRun') return result !== false;
  const inserted = result as InsertedRow;
  return inserted.kind === 'inserted' || inserted.row['id'] === (parameters[0] as readonly SqlValue[])[0];
}
