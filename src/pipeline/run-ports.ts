// Everything a run needs of the outside, handed in once by the composition root, and the few numbers that an operator sets.
import type { InvocationId, RunId, WorkerId } from '../core/ids.ts';
import type { StartBeats } from '../core/ports/beat-thread.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { EventSink } from '../core/ports/event-sink.ts';
import type { Expressions } from '../core/ports/expression.ts';
import type { HostServices } from '../core/ports/host-services.ts';
import type { IdSource } from '../core/ports/id-source.ts';
import type { Invoker } from '../core/ports/invoker.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';
import type { PluginVersions } from '../core/ports/plugin-versions.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import type { Store } from '../core/ports/store.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { Run, TerminalRunState, Trigger } from '../core/run.ts';

/** What the request document of a `json` or `stream` plugin is made of. */
export interface RequestInput {
  readonly invocationId: InvocationId;
  /** random; for protocols that echo it */
  readonly nonce: string;
  readonly attempt: number;
  /** the same for every attempt at this plugin in this hook of this run */
  readonly idempotencyKey: string;
  /** the latest moment at which hook and pipeline allow an end, unix milliseconds */
  readonly deadlineAtMs: number;
  /** the plugin's own time, counted from when it takes the request */
  readonly timeoutMs: number;
  /** W3C trace context; null when the run carries none */
  readonly traceparent: string | null;
  readonly run: ContextRun;
  readonly hook: string;
  /** null: the hook has no `forEach` */
  readonly item: ContextItem | null;
  readonly params: JsonObject;
  readonly data: JsonValue;
  /** its text, where it is at hand: it need not be written again */
  readonly dataJson: string | undefined;
  /** hook → plugin → {status, data, error?} */
  readonly results: JsonObject;
  readonly config: JsonObject;
  readonly secrets: ReadonlyMap<string, string>;
}

/** `context.run` as plugins see it. */
export interface ContextRun {
  readonly id: RunId;
  readonly pipeline: string;
  readonly trigger: Trigger;
  /** of hooks of `onFailure` and `finally`: how the run ends, and why */
  readonly state?: TerminalRunState;
  readonly failure?: JsonObject | null;
}

/** Which of how many items, of a hook with `forEach`. */
export interface ContextItem {
  readonly index: number;
  readonly count: number;
}

/** The bytes for stdin, by protocol. Pure; the size limit is checked by the caller. */
export interface InputEncoding {
  json(input: RequestInput): Uint8Array;
  text(value: JsonValue): Uint8Array;
}

/** A run that a hook of another run asks for. */
export interface ChildRequest {
  readonly parent: Run;
  readonly hook: string;
  readonly pipeline: string;
  readonly params: JsonObject;
  readonly data: JsonValue;
  /** it ends as timed_out then, or when the time of its own pipeline is up */
  readonly deadlineAtMs: number;
}

export interface RunPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly catalog: PluginCatalog;
  /** where runs can be asked to use versions that do not serve any more */
  readonly versions?: PluginVersions;
  readonly invoker: Invoker;
  /** what plugins may ask of the host; absent: nothing */
  readonly services?: HostServices;
  readonly secrets: Secrets;
  readonly expressions: Expressions;
  readonly encoding: InputEncoding;
  /** where the store's beats have a thread of their own */
  readonly startBeats?: StartBeats;
  /** The run of a hook, started now or before. @throws GantryError SUB_RUN_TOO_DEEP, and what the door throws */
  readonly startChild: (request: ChildRequest) => Promise<Run>;
  /** Whether the engine of this worker is away: nothing is claimed then. Absent: it never is. */
  readonly isEngineAway?: () => boolean;
  /** the pipelines in force now, by name */
  readonly pipelines: () => ReadonlyMap<string, Pipeline>;
  /** Takes what is declared now, where that is read at intervals; never rejects. */
  readonly rereadPipelines?: () => Promise<void>;
}

export interface RunSettings {
  readonly workerId: WorkerId;
  /** true when the store is held by this process alone (embedded store): every other worker is dead at once */
  readonly isOnlyWorker: boolean;
  /** runs at once in this process */
  readonly maxRunning: number;
  /** queued runs per pipeline */
  readonly maxQueued: number;
  readonly heartbeatMs: number;
  /** without a beat for so long, a worker counts as dead; it stops itself after two thirds of it */
  readonly deadAfterMs: number;
  /** how long running runs may go on after `drain`, and how long a late write is tried beyond a run's deadline */
  readonly graceMs: number;
  /** what a cancelled plugin has before it is killed; 0 unless given */
  readonly cancelGraceMs?: number;
  /** deadline of one store operation */
  readonly storeTimeoutMs: number;
  /** how long an invocation waits for a sandbox before it ends as `busy` */
  readonly invocationWaitMs: number;
}
