// The one list of what the database thread can do, and which of it writes (those go into the group's transaction).
import { CatalogOperations } from './catalog-operations.ts';
import { HistoryOperations } from './history-operations.ts';
import { RunOperations } from './run-operations.ts';
import type { Statements } from './statements.ts';

type Methods<T> = { readonly [Name in keyof T]: T[Name] };

export type Operations = Methods<RunOperations> & Methods<HistoryOperations> & Methods<CatalogOperations>;
export type OperationName = keyof Operations;
export type OperationArguments<Name extends OperationName> = Parameters<Operations[Name]>;
export type OperationResult<Name extends OperationName> = ReturnType<Operations[Name]>;

export const WRITES: ReadonlySet<OperationName> = new Set<OperationName>([
  'insertRun',
  'updateRun',
  'claimRuns',
  'insertInvocation',
  'updateInvocation',
  'putPayload',
  'appendEvents',
  'appendLogs',
  'putPluginVersion',
  'putPipelineVersion',
  'putWorker',
  'removeWorker',
  'ping',
]);

/** Calls the named operation. The arguments were typed where they were sent from (`SqliteStore`). */
export type Perform = (name: OperationName, parameters: readonly unknown[]) => unknown;

export function createPerform(sql: Statements): Perform {
  const owners = [new RunOperations(sql), new HistoryOperations(sql), new CatalogOperations(sql)];
  return (name, parameters) => {
    for (const owner of owners) {
      const method: unknown = Reflect.get(owner, name);
      if (typeof method === 'function') return Reflect.apply(method, owner, parameters) as unknown;
    }
    throw new Error(`no operation ${name}`);
  };
}
