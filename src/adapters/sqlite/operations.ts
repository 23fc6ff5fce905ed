// The one list of what the database thread can do, and which of it writes (those go into the group's transaction).
import { CatalogOperations } from './catalog-operations.ts';
import { ClaimOperations } from './claim-operations.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import { HistoryOperations } from './history-operations.ts';
import { PlaceOperations } from './place-operations.ts';
import type { SqlValue } from './record-map.ts';
import { RetentionOperations } from './retention-operations.ts';
import { type InsertedRow, RunOperations } from './run-operations.ts';
import { ScheduleOperations } from './schedule-operations.ts';
import { StateOperations } from './state-operations.ts';
import type { Statements } from './statements.ts';

type Methods<T> = { readonly [Name in keyof T]: T[Name] };

/** An operation by name with its arguments, as it crosses the thread's border. */
export type LinkOperation = readonly [name: SingleName, parameters: readonly unknown[]];

interface ChainOperations {
  /** One answer per chain: false when a write of it found its guard not to hold, and those behind it were left. */
  writeAll(chains: readonly (readonly LinkOperation[])[]): boolean[];
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

export function createPerform(sql: Statements): Perform {
  const owners = [
    ...[new RunOperations(sql), new ClaimOperations(sql), new PlaceOperations(sql)],
    ...[new HistoryOperations(sql), new CatalogOperations(sql), new ScheduleOperations(sql)],
    ...[new StateOperations(sql), new RetentionOperations(sql)],
  ];
  const perform: Perform = (name, parameters) => {
    for (const owner of owners) {
      const method: unknown = Reflect.get(owner, name);
      if (typeof method === 'function') return Reflect.apply(method, owner, parameters) as unknown;
    }
    throw new Error(`no operation ${name}`);
  };
  return (name, parameters) => {
    if (name !== 'writeAll') return perform(name, parameters);
    const [chains] = parameters as Parameters<ChainOperations['writeAll']>;
    return chains.map((chain) => chain.every((operation) => isMade(operation, perform)));
  };
}

/** Whether a write of a chain lets the next one follow. */
function isMade([name, parameters]: LinkOperation, perform: Perform): boolean {
  const result = perform(name, parameters);
  if (name !== 'insertRun') return result !== false;
  const inserted = result as InsertedRow;
  return inserted.kind === 'inserted' || inserted.row['id'] === (parameters[0] as readonly SqlValue[])[0];
}
