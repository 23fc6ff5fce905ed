// The one list of what the database thread can do, and which of it writes (those go into the group's transaction).
import type { CatalogOperations } from './catalog-operations.ts';
import type { ClaimOperations } from './claim-operations.ts';
import type { RunId } from '../../core/ids.ts';
import type { StoreOptions } from '../../core/ports/store.ts';
import type { HistoryOperations } from './history-operations.ts';
import type { PlaceOperations } from './place-operations.ts';
import type { RetentionOperations } from './retention-operations.ts';
import type { RunOperations } from './run-operations.ts';
import type { ScheduleOperations } from './schedule-operations.ts';
import type { StateOperations } from './state-operations.ts';

type Methods<T> = { readonly [Name in keyof T]: T[Name] };

/** An operation by name with its arguments, as it crosses the thread's border. */
export type LinkOperation = readonly [name: SingleName, parameters: readonly unknown[]];

/** A chain of one run; null: it does not say of which. A text is what `sendChain` makes of it. */
export type SentChain = readonly [runId: RunId | null, writes: string | readonly LinkOperation[], isBeginning: boolean];

export interface ChainOperations {
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
