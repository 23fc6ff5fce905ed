// What the store offers to whoever removes old records (`store.retention`). Every call is bounded: it touches at most as many documents as
// it is told, finds them by an index, and may be made by several processes at once. Interrupted anywhere, nothing is left without its run:
// what belongs to a run goes before the run itself, so the next sweep finds what the last one left.
import type { RunId } from '../ids.ts';
import type { RunState } from '../run.ts';

/** As the store has them; written out, since the store's port rests on this one. */
interface StoreOptions {
  readonly signal: AbortSignal;
}

export interface EndedQuery {
  readonly pipeline: string;
  /** only runs that ended before */
  readonly endedBeforeMs: number;
  /** only runs after this one; null: from the oldest on */
  readonly after: RunId | null;
  readonly limit: number;
}

export interface EndedRun {
  readonly id: RunId;
  readonly state: RunState;
  readonly finishedAtMs: number;
}

/** `kept`: the run has not ended; `partly`: more is left, call again; `gone`: nothing of it is left. */
export interface RunRemoval {
  readonly state: 'kept' | 'partly' | 'gone';
  /** documents that this call removed */
  readonly removed: number;
}

export interface OldLogsQuery {
  readonly beforeMs: number;
  /** only lines after this seq */
  readonly afterSeq: number;
  /** lines that are looked at */
  readonly limit: number;
  /** lines are counted only */
  readonly isDryRun: boolean;
}

export interface OldLogsRemoval {
  readonly removed: number;
  /** where to go on; null: what follows is newer */
  readonly next: number | null;
}

export const VERSIONED = ['plugin', 'pipeline'] as const;
export type Versioned = (typeof VERSIONED)[number];

export interface OldVersionsQuery {
  readonly of: Versioned;
  readonly name: string;
  /** newest versions that stay whatever their age, at least 1 */
  readonly keep: number;
  readonly createdBeforeMs: number;
  readonly limit: number;
}

export interface RunPartQuery {
  readonly runId: RunId;
  /** `artifacts`: their list, and what the store has of their bytes */
  readonly part: 'logs' | 'artifacts';
  /** documents */
  readonly limit: number;
  /** they are counted only */
  readonly isDryRun: boolean;
}

export interface Retention {
  /** Pipelines with runs, or names with versions, in order, after the given one (null: from the first on). */
  listNames(
    of: 'runs' | Versioned,
    after: string | null,
    limit: number,
    options: StoreOptions,
  ): Promise<readonly string[]>;
  /** Oldest first, by the time in their ids. */
  listEndedRuns(query: EndedQuery, options: StoreOptions): Promise<readonly EndedRun[]>;
  /**
   * Removes what belongs to an ended run, at most so many documents, and the run with the last of it. From the first call on `findRun`
   * does not find the run any more (pages may still show it).
   */
  removeRun(id: RunId, atMost: number, options: StoreOptions): Promise<RunRemoval>;
  /** Removes a part of what belongs to a run that stays. @returns how many documents; fewer than the limit: nothing of it is left */
  removePart(query: RunPartQuery, options: StoreOptions): Promise<number>;
  /** Removes old lines, the oldest first. */
  removeLogs(query: OldLogsQuery, options: StoreOptions): Promise<OldLogsRemoval>;
  /** Ids for `removeVersions`, oldest first; of plugins only those whose image is gone. */
  listOldVersions(query: OldVersionsQuery, options: StoreOptions): Promise<readonly string[]>;
  /** @returns how many were there */
  removeVersions(of: Versioned, ids: readonly string[], options: StoreOptions): Promise<number>;
}
