// Everything durable. One contract suite (test/contract/store) runs against every adapter and the fake.
// - A write that resolved is durable; a write that rejected with STORE_UNAVAILABLE or STORE_TIMEOUT may or may not have happened:
//   the adapter reads the key again before it says so (never a blind repetition), and rejects only when it cannot find out.
// - Transitions are grouped inside the adapter (one transaction or bulk write per group); each caller awaits its own acknowledgement.
// - Calls may be made at once from any number of places; writes of one document are applied in the order of the calls.
// - Only single-document atomicity is promised.
import type { InvocationId, RunId, WorkerId } from '../ids.ts';
import type { Invocation, InvocationState } from '../invocation.ts';
import type { JsonValue } from '../json.ts';
import type { LogLine, RunEvent } from '../events.ts';
import type { Run, RunState, Told } from '../run.ts';
import type { PlaceStore } from './place-store.ts';
import type { ScheduleStore } from './schedule-store.ts';
import type { SelfDescription } from '../self-description.ts';
import type { PluginState } from './plugin-state.ts';
import type { Retention } from './retention.ts';

export interface StoreOptions {
  /** To be asked for before the call returns, by whoever may have to wait: the deadline begins with that. */
  readonly signal: AbortSignal;
}

/** Result of an accepted or repeated trigger. */
export type InsertResult =
  | { readonly kind: 'inserted' }
  /** a run with the same (pipeline, idempotencyKey), or with the same id, stands already */
  | { readonly kind: 'exists'; readonly run: Run };

/** Who may write: the update changes nothing unless all given fields match (I-2). */
export interface RunGuard {
  readonly states: readonly RunState[];
  readonly epoch?: number;
  readonly worker?: WorkerId | null;
  /** of a waiting run: it changes whenever the run is made ready, so two of who do that cannot undo each other's change */
  readonly readyAtMs?: number;
  /** all that the writer knows others to have told the run: it changes nothing when there is more, so nothing that was told is passed over */
  readonly told?: Told;
}

export type RunChanges = Partial<Omit<Run, 'id' | 'part' | 'pipeline' | 'createdAtMs' | 'idempotencyKey'>>;
export type InvocationChanges = Partial<Omit<Invocation, 'id' | 'runId' | 'createdAtMs'>>;

export interface RunFilter {
  readonly states?: readonly RunState[];
  readonly pipeline?: string;
  /** only runs that were made from this one; without the others */
  readonly madeFrom?: RunId;
  /** only runs that have not ended and that a hook of another run started; without the others */
  readonly isOpenChild?: true;
}

/** Keyset pages, newest first. `after` is the `next` of the page before. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: RunId;
}
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: RunId | null;
}

export interface StoredLogLine extends LogLine {
  /** ascending within the store */
  readonly seq: number;
}

export interface LogFilter {
  readonly runId?: RunId;
  readonly plugin?: string;
  /** only lines after this seq, ascending; without it: the last `limit` lines, ascending */
  readonly afterSeq?: number;
  readonly limit: number;
}

export interface StoredEvent {
  readonly runId: RunId;
  /** 1, 2, 3, … within the run */
  readonly seq: number;
  readonly atMs: number;
  readonly kind: RunEvent['kind'];
  readonly body: JsonValue;
}

export interface ClaimRequest {
  readonly worker: WorkerId;
  readonly limit: number;
  readonly nowMs: number;
  /** pipelines this worker can run now; others stay queued */
  readonly pipelines: readonly string[];
}

export interface PluginVersionRecord {
  readonly id: string;
  readonly plugin: string;
  readonly contentHash: string;
  readonly imageId: string;
  readonly imageTag: string;
  readonly manifest: JsonValue;
  readonly createdAtMs: number;
  /** when it was last seen serving, to the hour; null: never since this is kept */
  readonly lastUsedAtMs: number | null;
  /** when its image was found removed; null: it is on the engine, or was when last looked at */
  readonly imageRemovedAtMs: number | null;
  /** what it said of itself when it was asked last, redacted; null: nothing (yet) */
  readonly said: SelfDescription | null;
}

export type PluginVersionChanges = Partial<Pick<PluginVersionRecord, 'lastUsedAtMs' | 'imageRemovedAtMs' | 'said'>>;

export interface PipelineVersionRecord {
  readonly name: string;
  readonly version: string;
  readonly author: string;
  readonly definition: JsonValue;
  readonly createdAtMs: number;
}

export interface WorkerRecord {
  readonly id: WorkerId;
  readonly startedAtMs: number;
  /** as told, by the reader's clock; where a server keeps the time of beats it is the server's, and what the writer says of it is not used */
  readonly beatAtMs: number;
}

/** One write among others of a chain. */
export type StoreWrite =
  /** true also when a run with this id stands: a chain may be written again */
  | { readonly kind: 'insertRun'; readonly run: Run }
  | { readonly kind: 'updateRun'; readonly id: RunId; readonly guard: RunGuard; readonly changes: RunChanges }
  /** one with this id that stands already is kept */
  | { readonly kind: 'insertInvocation'; readonly invocation: Invocation }
  | {
      readonly kind: 'updateInvocation';
      readonly id: InvocationId;
      readonly guard: { readonly states: readonly InvocationState[] };
      readonly changes: InvocationChanges;
    }
  | { readonly kind: 'putPayload'; readonly runId: RunId; readonly name: string; readonly json: string }
  | { readonly kind: 'appendEvents'; readonly events: readonly StoredEvent[] }
  | { readonly kind: 'appendLogs'; readonly lines: readonly LogLine[] };

export interface Store extends AsyncDisposable {
  readonly places: PlaceStore;
  readonly schedules: ScheduleStore;

  /** Creates what is missing. @throws GantryError STORE_SCHEMA_NEWER, STORE_UNAVAILABLE */
  open(options: StoreOptions): Promise<void>;
  /** A round trip that proves that writes are possible. */
  ping(options: StoreOptions): Promise<void>;
  /** `sqlite` or `mongo`, the server's version, and warnings for `doctor` (a standalone MongoDB, …) */
  describe(
    options: StoreOptions,
  ): Promise<{ readonly kind: string; readonly version: string; readonly warnings: readonly string[] }>;

  insertRun(run: Run, options: StoreOptions): Promise<InsertResult>;
  findRun(id: RunId, options: StoreOptions): Promise<Run | null>;
  /** For the repeat of a trigger, before the queue is asked for room. */
  findRunByKey(pipeline: string, idempotencyKey: string, options: StoreOptions): Promise<Run | null>;
  /** Applies the changes when the guard holds. False: it did not, and nothing changed. */
  updateRun(id: RunId, guard: RunGuard, changes: RunChanges, options: StoreOptions): Promise<boolean>;
  /**
   * Waiting runs whose time has come, the longest due first, then queued ones that are ready and need no place: now running, with this worker
   * and epoch + 1. No two workers get one run. Of the queued ones higher priorities come first; among equals the pipelines take turns, and of
   * one pipeline the runs come by age within a partition.
   */
  claimRuns(request: ClaimRequest, options: StoreOptions): Promise<readonly Run[]>;
  listRuns(filter: RunFilter, page: PageRequest, options: StoreOptions): Promise<Page<Run>>;
  /** Queued runs of the pipeline, counted no further than `atMost`. */
  countQueued(pipeline: string, atMost: number, options: StoreOptions): Promise<number>;
  countRuns(filter: RunFilter, options: StoreOptions): Promise<number>;

  /** @throws GantryError STORE_FAILED when the id stands already */
  insertInvocation(invocation: Invocation, options: StoreOptions): Promise<void>;
  updateInvocation(
    id: InvocationId,
    guard: { readonly states: readonly InvocationState[] },
    changes: InvocationChanges,
    options: StoreOptions,
  ): Promise<boolean>;
  /** In order of creation. */
  listInvocations(runId: RunId, options: StoreOptions): Promise<readonly Invocation[]>;

  /** JSON text of any size up to 64 MiB, replacing what stood under the name; stored in chunks of ≤ 256 KiB with its hash. */
  putPayload(runId: RunId, name: string, json: string, options: StoreOptions): Promise<void>;
  /** Null when there is none. @throws GantryError STORE_FAILED when the chunks do not fit the hash */
  findPayload(runId: RunId, name: string, options: StoreOptions): Promise<string | null>;

  /** An event whose seq stands already is kept as it was: writing again is harmless. */
  appendEvents(events: readonly StoredEvent[], options: StoreOptions): Promise<void>;
  listEvents(runId: RunId, afterSeq: number, limit: number, options: StoreOptions): Promise<readonly StoredEvent[]>;
  /** The number of the run's last event, 0 for none: one look, however many there are. */
  lastEventSeq(runId: RunId, options: StoreOptions): Promise<number>;
  appendLogs(lines: readonly LogLine[], options: StoreOptions): Promise<void>;
  listLogs(filter: LogFilter, options: StoreOptions): Promise<readonly StoredLogLine[]>;

  /**
   * Many writes at the price of few. The writes of a chain happen in their order: one whose guard does not hold keeps those behind it from
   * happening. Chains do not depend on each other. False for a chain that was cut short. When this rejects, any part may have happened, but
   * of each chain only its beginning; writing the same again is harmless, though updates may then find their guards changed by themselves.
   */
  writeAll(chains: readonly (readonly StoreWrite[])[], options: StoreOptions): Promise<readonly boolean[]>;

  /** Same id again: no change. */
  putPluginVersion(record: PluginVersionRecord, options: StoreOptions): Promise<void>;
  /** False: there is no such version. */
  updatePluginVersion(id: string, changes: PluginVersionChanges, options: StoreOptions): Promise<boolean>;
  /** Newest first. */
  listPluginVersions(plugin: string, options: StoreOptions): Promise<readonly PluginVersionRecord[]>;
  /** A new version by content; false when the newest stored version of the name has this content already. */
  putPipelineVersion(record: PipelineVersionRecord, options: StoreOptions): Promise<boolean>;
  /** Newest first. */
  listPipelineVersions(name: string, options: StoreOptions): Promise<readonly PipelineVersionRecord[]>;

  readonly pluginState: PluginState;
  /** for whoever removes what is old */
  readonly retention: Retention;

  putWorker(record: WorkerRecord, options: StoreOptions): Promise<void>;
  listWorkers(options: StoreOptions): Promise<readonly WorkerRecord[]>;
  removeWorker(id: WorkerId, options: StoreOptions): Promise<void>;
}
