// One execution of a pipeline: its states, who may write it, and the stored record.
//   queued → running ⇄ waiting → succeeded | failed | cancelled | timed_out     (queued and waiting may end at once, too)
// `epoch` is + 1 at every claim and never lowered: every write of a worker is conditional on (worker, epoch, state).
import type { ApprovalRecord, GivenDecision } from './approval.ts';
import { GantryError } from './errors/gantry-error.ts';
import type { JsonObject } from './json.ts';
import type { RunId, WorkerId } from './ids.ts';
import type { Durability } from './pipeline.ts';

export const RUN_STATES = ['queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'timed_out'] as const;
export type RunState = (typeof RUN_STATES)[number];

export const RUN_TRANSITIONS = {
  queued: ['running', 'failed', 'cancelled', 'timed_out'],
  running: ['queued', 'waiting', 'succeeded', 'failed', 'cancelled', 'timed_out'],
  waiting: ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out'],
  succeeded: [],
  failed: [],
  cancelled: [],
  timed_out: [],
} as const satisfies Record<RunState, readonly RunState[]>;

export const TRIGGERS = ['api', 'cli', 'schedule', 'webhook', 'replay', 'run'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** A run within a run within a run …: no deeper than this. */
export const RUN_DEPTH_MAX = 8;

/** Number of queue partitions; the partition of a run is a hash of its id (later the shard key). */
export const RUN_PARTITIONS = 64;

export type TerminalRunState = 'succeeded' | 'failed' | 'cancelled' | 'timed_out';

/** Why a run did not succeed: the hook and plugin at fault where there is one. */
export interface RunFailure {
  /** an outcome code, or an error code of the error table */
  readonly code: string;
  readonly message: string;
  readonly hook: string | null;
  readonly plugin: string | null;
}

/** Something that went wrong without failing the run. */
export interface RunWarning {
  /** an outcome code, or `MERGE_CONFLICT`, `HOOK_WITHOUT_PLUGINS`, `LOGS_TRUNCATED`, … */
  readonly code: string;
  readonly message: string;
  readonly hook: string | null;
  readonly plugin: string | null;
}

/** What a hook waits for that has begun and not ended, while its run may be without a worker. */
export interface HookWait {
  /** when it is to go on without anybody asking; null: only when it is told */
  readonly untilMs: number | null;
}

/** Hooks of the main graph, and those that are run after it. */
export type Section = 'main' | 'onFailure' | 'finally';

/** How far one hook of the run has come. */
export interface HookRecord {
  readonly hook: string;
  /** absent: main */
  readonly section?: Exclude<Section, 'main'>;
  /** hooks that it follows; absent: the one before it */
  readonly after?: readonly string[];
  readonly state: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** of a hook that waits */
  readonly wait?: HookWait;
  /** why it was skipped, for people */
  readonly note?: string;
  /** it was not run: what it left comes from this run */
  readonly reusedFrom?: RunId;
  /** of a hook that a person decides about, once it was asked */
  readonly approval?: ApprovalRecord;
  /** of a hook that is a run of another pipeline, once that run was started */
  readonly child?: RunId;
}

/** How a run will end, once that is certain and hooks are still to be awaited. */
export interface Verdict {
  readonly state: TerminalRunState;
  readonly failure: RunFailure | null;
}

/** What a run was made from. */
export interface Lineage {
  /** `run`: a hook of that run; `retry`: goes on where that run failed; `replay`: begins again, from its first hook or a later one */
  readonly kind: 'run' | 'retry' | 'replay';
  readonly runId: RunId;
  /** of `run`, the hook that started it; else the first hook that is run again; null: the first of all */
  readonly hook: string | null;
  /** versions that were asked for in place of those that serve, by the plugin's name; absent: none */
  readonly pluginVersions?: Readonly<Record<string, string>>;
  /** the beginning of the SHA-256 of the settings that each of these had when the run was accepted, defaults filled in; absent: none was asked for */
  readonly settings?: Readonly<Record<string, string>>;
  /** the hook that began with data that was given, not with what the hooks before it left; absent: none */
  readonly editedAt?: string;
}

/** Ids of the plugin versions that the run was asked to use. */
export function askedVersions({ lineage }: { readonly lineage: Lineage | null }): readonly string[] {
  return Object.values(lineage?.pluginVersions ?? {});
}

/** The stored record of a run. Times are unix milliseconds. Payloads (input, data, results) are stored apart, by name. */
export interface Run {
  readonly id: RunId;
  readonly pipeline: string;
  /** content hash of the pipeline's definition that this run uses */
  readonly pipelineVersion: string;
  readonly trigger: Trigger;
  /** name of the schedule or webhook that started it; null: nobody declared it */
  readonly source: string | null;
  readonly lineage: Lineage | null;
  /** when not empty, only plugins with one of these tags are called */
  readonly tags: readonly string[];
  /** plugins with one of these tags are not called */
  readonly skipTags: readonly string[];
  /** runs of the pipeline with the same key share its limit of concurrency; null: the pipeline has none */
  readonly concurrencyKey: string | null;
  /** queued, and not to be claimed before it has a place under its concurrency key */
  readonly needsPlace: boolean;
  /** of the pipeline when the run was accepted */
  readonly durability: Durability;
  readonly state: RunState;
  readonly epoch: number;
  /** how often it was taken over because its worker was lost; claims after a wait or a drain are none */
  readonly losses: number;
  readonly worker: WorkerId | null;
  readonly part: number;
  readonly priority: number;
  readonly readyAtMs: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** when the run ends as timed_out; fixed at its first claim */
  readonly deadlineAtMs: number | null;
  readonly cancelRequestedAtMs: number | null;
  /** at most one per hook, in the order in which they were made; never taken back. Those of hooks that know them already are of no more use. */
  readonly decisions: readonly GivenDecision[];
  readonly params: JsonObject;
  readonly idempotencyKey: string | null;
  /** SHA-256 of what the trigger asked (pipeline, params, data), to tell a repeat from a clash */
  readonly requestHash: string;
  readonly hooks: readonly HookRecord[];
  /** of a run that goes on; null: its end is open */
  readonly verdict: Verdict | null;
  readonly failure: RunFailure | null;
  readonly warnings: readonly RunWarning[];
}

/** What others than its worker write to a run that a worker holds. */
export type Told = Pick<Run, 'decisions' | 'cancelRequestedAtMs'>;

/** The hook's record with what the run was told about it, which its worker may not have heard yet. */
export function recordAsTold({ decisions }: Pick<Run, 'decisions'>, record: HookRecord): HookRecord {
  const { hook, approval } = record;
  const given = approval?.decided === null ? decisions.find((one) => one.hook === hook) : undefined;
  return approval === undefined || given === undefined
    ? record
    : { ...record, approval: { ...approval, decided: given.decided } };
}

/** `readyAtMs` of a run that waits for nothing but a worker: no clock that is set back may keep it waiting. */
export const READY_NOW_MS = 0;

/** Names of the payloads of a run in the store. */
export const INPUT_PAYLOAD = 'input';
/** What the hook of `lineage.editedAt` began with. */
export const EDITED_PAYLOAD = 'edited';
/** The merged `context.data` after the last finished hook. */
export const DATA_PAYLOAD = 'data';
/** `context.results` of the finished hooks: hook → plugin → {status, data}. */
export const RESULTS_PAYLOAD = 'results';

export function isTerminal(state: RunState): state is TerminalRunState {
  return RUN_TRANSITIONS[state].length === 0;
}

/** True when the table allows the step. */
export function mayAdvance(from: RunState, to: RunState): boolean {
  return (RUN_TRANSITIONS[from] as readonly RunState[]).includes(to);
}

/** Returns the run in its next state with the given changes. @throws GantryError DEFECT for a step outside the table */
export function advanceRun(run: Run, to: RunState, changes: Partial<Omit<Run, 'id' | 'state'>> = {}): Run {
  if (!mayAdvance(run.state, to)) throw new GantryError('DEFECT', `run ${run.id}: no step ${run.state} → ${to}`);
  return { ...run, ...changes, state: to };
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
/** The rule of an idempotency key, as the end of a sentence. */
export const IDEMPOTENCY_KEY_RULE = 'has 1 to 255 visible ASCII characters';

export function isIdempotencyKey(text: string): boolean {
  return IDEMPOTENCY_KEY.test(text);
}
