// The one list of what the database thread can do, and which of it writes (those go into the group's transaction).
import { CatalogOperations } from './catalog-operations.ts';
import { ClaimOperations } from './claim-operations.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import { encodeWrite } from './encode-write.ts';
import { HistoryOperations } from './history-operations.ts';
import { PendingRuns } from './pending-runs.ts';
import { PlaceOperations } from './place-operations.ts';
import type { SqlValue } from './record-map.ts';
import { RetentionOperations } from './retention-operations.ts';
import { type InsertedRow, RunOperations } from './run-operations.ts';
import { ScheduleOperations } from './schedule-operations.ts';
import { readChain, type SentChain } from './sent-chain.ts';
import { settleFor } from './settle-for.ts';
import { StateOperations } from './state-operations.ts';
import type { Statements } from './statements.ts';

type Methods<T> = { readonly [Name in keyof T]: T[Name] };

/** An operation by name with its arguments, as it crosses the thread's border. */
export type LinkOperation = readonly [name: SingleName, parameters: readonly unknown[]];

interface ChainOperations {
  /** One answer per chain: false when a write of it found its guard not to hold, and those behind it were left. */
  writeAll(chains: readonly SentChain[]): boolean[];
}

type Singles = Methods<RunOperations> &
  Methods<ClaimOperations> &
  Methods<PlaceOperations> &
  Methods<HistoryOperations> &
  Methods<CatalogOperations> &
  Methods<ScheduleOperations> &
  Methods<StateOperations> &
  Methods<RetentionOperations>;
type SingleName = keyof Singles;
export type Operations = Singles & ChainOperations;
export type OperationName = keyof Operations;
export type OperationArguments<Name extends OperationName> = Parameters<Operations[Name]>;
export type OperationResult<Name extends OperationName> = ReturnType<Operations[Name]>;

export const WRITES: ReadonlySet<OperationName> = new Set<OperationName>([
  'insertRun',
  'updateRun',
  'claimRuns',
  'takePlace',
  'releasePlace',
  'admitRun',
  'insertInvocation',
  'updateInvocation',
  'putPayload',
  'appendEvents',
  'appendLogs',
  'keepInvocation',
  'writeAll',
  'putPluginVersion',
  'updatePluginVersion',
  'putPipelineVersion',
  'putWorker',
  'removeWorker',
  'insertSchedule',
  'replaceSchedule',
  'removeSchedule',
  'putState',
  'deleteState',
  'removeRun',
  'removePart',
  'removeLogs',
  'removeVersions',
  'ping',
]);

/** An operation through the link, with its event. */
export type CallOperation = <Name extends OperationName>(
  operation: Name,
  parameters: OperationArguments<Name>,
  options: StoreOptions,
) => Promise<OperationResult<Name>>;

/** Calls the named operation. The arguments were typed where they were sent from (`SqliteStore`). */
export type Perform = (name: OperationName, parameters: readonly unknown[]) => unknown;

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
