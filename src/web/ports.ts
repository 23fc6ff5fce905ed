// What the web layer needs of the rest of the program. Structural: compose.ts hands in the real things, tests hand in small ones.
import type { ApprovalDecision, Decision } from '../core/approval.ts';
import type { DomainEvent } from '../core/events.ts';
import type { InvocationId, RunId } from '../core/ids.ts';
import type { SweepReport } from '../core/image-retention.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { Problem } from '../core/plugin.ts';
import type { ArtifactContent } from '../core/ports/artifact-content.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { MetricsPage } from '../core/ports/metrics.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';
import type { Store } from '../core/ports/store.ts';
import type { RedriveReport, RedriveRequest } from '../triggers/redrive-runs.ts';
import type { ReplayRequest, RetryRequest } from '../triggers/replay-runs.ts';
import type { RecordSweepReport, RunRules } from '../core/record-retention.ts';
import type { Run, Trigger } from '../core/run.ts';
import type { RunRecords } from '../core/run-records.ts';
import type { Progress } from '../core/reported.ts';
import type { SandboxState } from '../core/sandbox.ts';
import type { Schedules } from '../triggers/schedules.ts';
import type { WebhookDoor } from '../triggers/webhook-door.ts';

export interface SignalOptions {
  readonly signal: AbortSignal;
}

export interface RunRequest {
  readonly pipeline: string;
  readonly trigger: Trigger;
  readonly params: JsonObject;
  readonly data: JsonValue;
  readonly idempotencyKey: string | null;
  /** when not empty, only plugins with one of these tags are called */
  readonly tags?: readonly string[];
  /** plugins with one of these tags are not called */
  readonly skipTags?: readonly string[];
  /** the answer waits for the end of the run */
  readonly isAwaited?: boolean;
}

export interface DecisionRequest {
  readonly runId: RunId;
  readonly hook: string;
  readonly decision: Decision;
  /** who decides: `api`, `cli`, `panel` */
  readonly by: string;
  readonly comment: string | null;
}

/** The door to runs (triggers/). */
export interface RunDoor {
  /**
   * Resolves when the run is durably accepted; `isRepeat`: the idempotency key had been used for the same request before.
   * @throws GantryError PIPELINE_NOT_FOUND, PARAMS_INVALID, QUEUE_FULL, DRAINING, IDEMPOTENCY_CONFLICT, STORE_*
   */
  startRun(request: RunRequest, options: SignalOptions): Promise<{ readonly run: Run; readonly isRepeat: boolean }>;
  /** A new run that goes on where an ended one failed. @throws GantryError RUN_NOT_FOUND, RUN_NOT_FINISHED, RUN_SUCCEEDED, HOOKS_CHANGED, and as startRun */
  retryRun(request: RetryRequest): Promise<{ readonly run: Run; readonly isRepeat: boolean }>;
  /** A new run that begins at any hook of an ended one. @throws GantryError as retryRun, HOOK_NOT_FOUND, REPLAY_IMPOSSIBLE */
  replayRun(request: ReplayRequest): Promise<{ readonly run: Run; readonly isRepeat: boolean }>;
  /** Retries runs by a filter. @throws GantryError STORE_*, or the signal's reason */
  redrive(request: RedriveRequest, signal: AbortSignal): Promise<RedriveReport>;
  /** Asks the run to end; resolves with the run as it stands then. @throws GantryError RUN_NOT_FOUND, RUN_FINISHED */
  requestCancel(id: RunId, options: SignalOptions): Promise<Run>;
  /**
   * Takes down what somebody decided about a hook; the same again has the same answer.
   * @throws GantryError RUN_NOT_FOUND, RUN_FINISHED, APPROVAL_NOT_ASKED, APPROVAL_DECIDED, INPUT_INVALID, STORE_*
   */
  decideApproval(request: DecisionRequest): Promise<ApprovalDecision>;
  /** Resolves with the ended run; rejects with the signal's reason. */
  waitSettled(id: RunId, options: SignalOptions): Promise<Run>;
  /** Before `waitSettled`, by who wants to know what the run leaves behind; to be disposed of after `recordsOf`. */
  expectRecords(runId: RunId): Disposable;
  /** What a run left behind that was expected, when this process has it at hand; null: the store has it. */
  recordsOf(runId: RunId): RunRecords | null;
}

export interface PluginBuilds {
  /** Looks at the folder at once and settles when all that changed is built or refused. @throws the signal's reason */
  reload(signal: AbortSignal): Promise<void>;
  /** Reads and builds the plugin anew; settles at the build's end, also at a bad one. @throws GantryError PLUGIN_NOT_FOUND, or the signal's reason */
  build(name: string, signal: AbortSignal): Promise<unknown>;
  /** Lines of the latest build, oldest first. */
  buildLog(name: string): readonly string[];
}

export interface ImageRetention {
  /** Looks for images of old versions, and removes them unless it is a dry run. @throws GantryError DOCKER_UNAVAILABLE, ENGINE_*, STORE_*, or the signal's reason */
  sweep(request: { readonly isDryRun: boolean }, signal: AbortSignal): Promise<SweepReport>;
}

export interface RecordRetention {
  /** Removes old records of the store, or counts them in a dry run. @throws GantryError STORE_*, or the signal's reason */
  sweep(request: { readonly isDryRun: boolean }, signal: AbortSignal): Promise<RecordSweepReport>;
}

export interface ComponentHealth {
  readonly name: string;
  readonly isUp: boolean;
  /** version when up, reason when down */
  readonly message: string;
}

export interface HealthReport {
  readonly isReady: boolean;
  readonly components: readonly ComponentHealth[];
}

export interface QuarantinedView {
  /** id of the version */
  readonly version: string;
  readonly cause: string;
  /** when a probe may be made (wall clock) */
  readonly untilMs: number;
}

export interface LiveStatusView {
  readonly sandboxes: Readonly<Record<Exclude<SandboxState, 'gone'>, number>>;
  /** held share of the capacity, 0 to 1; null before the first report */
  readonly capacity: { readonly cpu: number | null; readonly memory: number | null };
  /** plugin versions that are left alone because they kept crashing */
  readonly quarantined: readonly QuarantinedView[];
}

export type WebStore = Pick<
  Store,
  | 'findRun'
  | 'listRuns'
  | 'countRuns'
  | 'listInvocations'
  | 'findPayload'
  | 'listEvents'
  | 'listLogs'
  | 'listPluginVersions'
>;

export interface WebPorts {
  readonly store: WebStore;
  /** other programs may work on its runs */
  readonly sharesStore?: boolean;
  readonly artifacts: Pick<ArtifactContent, 'read'>;
  /** how long what runs of the pipeline leave stays */
  readonly retentionOf: (pipeline: string) => RunRules;
  readonly runs: RunDoor;
  readonly catalog: PluginCatalog;
  readonly builds: PluginBuilds;
  readonly images: ImageRetention;
  readonly records: RecordRetention;
  readonly schedules: Pick<Schedules, 'list' | 'find' | 'pause' | 'resume' | 'triggersOf'>;
  readonly webhooks: Pick<WebhookDoor, 'receive'>;
  pipelines(): readonly Pipeline[];
  /** of the file that declares them, when it is not in force as it stands */
  pipelineProblems(): readonly Problem[];
  /** Takes that file as it stands. */
  reloadPipelines(): Promise<void>;
  health(): Promise<HealthReport>;
  status(): LiveStatusView;
  /** how far an invocation is that is at work; null when its plugin said nothing */
  progressOf(invocation: InvocationId): Progress | null;
  readonly events: { subscribe(listener: (event: DomainEvent) => void): Disposable };
  readonly clock: Clock;
  readonly logger: Logger;
  /** release of the program, for the panel's foot */
  readonly version: string;
}

export interface MetricsWebPorts {
  metricsPage(): Promise<MetricsPage>;
  health(): Promise<HealthReport>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ListenerSettings {
  /** address to bind; `127.0.0.1` unless configured */
  readonly host: string;
  /** 0: any free port */
  readonly port: number;
}

export interface WebSettings extends ListenerSettings {
  /** Host names (without port) that are answered beside the loopback ones */
  readonly allowedHosts: readonly string[];
  readonly bodyBytesMax: number;
  /** longest time the answer of one request may take, live streams and `Prefer: wait` apart */
  readonly requestTimeoutMs: number;
  /** live streams at once */
  readonly liveClientsMax: number;
}

export const DEFAULT_WEB_SETTINGS: WebSettings = {
  host: '127.0.0.1',
  port: 8080,
  allowedHosts: [],
  bodyBytesMax: 8 * 1024 * 1024 + 64 * 1024,
  requestTimeoutMs: 30_000,
  liveClientsMax: 200,
};
