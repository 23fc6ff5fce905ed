// Domain events: past tense, one per transition, emitted after the store acknowledged it (I-4). Metrics, logs and the live panel derive only
// from these, so they cannot disagree with the store.
import type { ApprovalDecision } from './approval.ts';
import type { InvocationId, RunId, SandboxId } from './ids.ts';
import type { RemovalReason } from './image-retention.ts';
import type { Invocation, InvocationState, SandboxKind } from './invocation.ts';
import type { BrakeState, PressedResource } from './pressure.ts';
import type { HostRefusal, HostServiceName } from './ports/host-services.ts';
import type { QuarantineState } from './quarantine.ts';
import type { Run, RunState, Trigger } from './run.ts';
import type { Progress } from './reported.ts';
import type { SandboxState, Transport } from './sandbox.ts';

export type RunEvent =
  | { readonly kind: 'runQueued'; readonly run: Run }
  | { readonly kind: 'runClaimed'; readonly run: Run }
  /** it waits: for a decision, for another run, or to try again */
  | { readonly kind: 'runSuspended'; readonly run: Run }
  | {
      readonly kind: 'approvalDecided';
      readonly runId: RunId;
      readonly pipeline: string;
      readonly hook: string;
      readonly decided: ApprovalDecision;
    }
  | { readonly kind: 'hookStarted'; readonly runId: RunId; readonly pipeline: string; readonly hook: string }
  | {
      readonly kind: 'hookFinished';
      readonly runId: RunId;
      readonly pipeline: string;
      readonly hook: string;
      readonly state: InvocationState;
      readonly durationMs: number;
    }
  | { readonly kind: 'invocationStarted'; readonly invocation: Invocation }
  | { readonly kind: 'invocationFinished'; readonly invocation: Invocation }
  | {
      readonly kind: 'runFinished';
      readonly run: Run;
    };

export interface LogLine {
  readonly runId: RunId | null;
  readonly invocationId: InvocationId | null;
  readonly pipeline: string | null;
  readonly hook: string | null;
  readonly plugin: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** control characters escaped, secrets redacted */
  readonly message: string;
  readonly atMs: number;
}

/** Not stored while it goes on: the last one stands in the record of the ended invocation. */
export interface InvocationProgressed {
  readonly kind: 'invocationProgressed';
  readonly runId: RunId;
  readonly invocationId: InvocationId;
  readonly plugin: string;
  readonly progress: Progress;
}

/** What schedules and webhooks did. */
export type TriggerEvent =
  /** a run was started for the tick (unix milliseconds) */
  | {
      readonly kind: 'scheduleFired';
      readonly pipeline: string;
      readonly schedule: string;
      readonly tickAtMs: number;
      readonly lateMs: number;
      readonly runId: RunId;
    }
  /** the run of the tick before, which is named, had not ended */
  | {
      readonly kind: 'scheduleSkipped';
      readonly pipeline: string;
      readonly schedule: string;
      readonly tickAtMs: number;
      readonly runId: RunId;
    }
  /** ticks were given up: they passed while nobody looked, or the door refused the run by the code */
  | {
      readonly kind: 'scheduleMissed';
      readonly pipeline: string;
      readonly schedule: string;
      readonly count: number;
      readonly code: string | null;
    }
  | {
      readonly kind: 'schedulePaused' | 'scheduleResumed';
      readonly pipeline: string;
      readonly schedule: string;
      readonly by: string;
    }
  | {
      readonly kind: 'webhookReceived';
      /** null: nothing is at the path, or nobody has signed */
      readonly pipeline: string | null;
      readonly webhook: string | null;
      /** `accepted`, `repeated`, or why not: a code of the error table or what is wrong with the signature */
      readonly result: string;
    };

export type SystemEvent =
  | InvocationProgressed
  | { readonly kind: 'runRecovered'; readonly runId: RunId; readonly pipeline: string; readonly state: RunState }
  | {
      readonly kind: 'runRefused';
      readonly pipeline: string;
      readonly trigger: Trigger;
      readonly code: string;
    }
  | TriggerEvent
  | {
      readonly kind: 'sandboxMoved';
      readonly sandboxId: SandboxId;
      readonly plugin: string;
      /** null: it did not exist before */
      readonly from: SandboxState | null;
      readonly to: SandboxState;
      readonly reason: string;
    }
  | {
      readonly kind: 'sandboxStarted';
      readonly plugin: string;
      readonly transport: Transport;
      readonly durationMs: number;
    }
  | { readonly kind: 'sandboxTaken'; readonly plugin: string; readonly sandboxKind: SandboxKind }
  | { readonly kind: 'quotaBreached'; readonly plugin: string; readonly limit: string }
  | { readonly kind: 'cpuThrottled'; readonly plugin: string; readonly throttledMs: number }
  | {
      readonly kind: 'hostRequestAnswered';
      readonly service: HostServiceName;
      /** `ok`, or why it was refused */
      readonly result: 'ok' | HostRefusal;
    }
  | { readonly kind: 'orphansReaped'; readonly count: number }
  | {
      readonly kind: 'buildFinished';
      readonly plugin: string;
      readonly isSuccessful: boolean;
      readonly durationMs: number;
      readonly message: string;
    }
  | {
      readonly kind: 'imageRemoved';
      readonly imageId: string;
      /** null: of no plugin */
      readonly plugin: string | null;
      /** id of the version; null as above */
      readonly version: string | null;
      readonly reason: RemovalReason;
      readonly sizeBytes: number;
    }
  /** of this instance, after a sweep; layers that images share count for each */
  | { readonly kind: 'imagesCounted'; readonly count: number; readonly sizeBytes: number }
  /** a sweep over the store's records ended; what it removed */
  | {
      readonly kind: 'recordsRemoved';
      readonly runs: number;
      /** with the runs, themselves included */
      readonly documents: number;
      readonly logLines: number;
      /** of runs that stay */
      readonly artifacts: number;
      readonly pipelineVersions: number;
      readonly pluginVersions: number;
      /** false: it was interrupted, or the store failed */
      readonly isComplete: boolean;
      readonly atMs: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'pluginRegistered'; readonly plugin: string; readonly version: string }
  | { readonly kind: 'pluginRemoved'; readonly plugin: string }
  | { readonly kind: 'pluginRefused'; readonly plugin: string; readonly code: string; readonly message: string }
  | {
      readonly kind: 'engineRequestFinished';
      readonly operation: string;
      /** HTTP status, or `timeout`, `aborted`, `unreachable` */
      readonly result: string;
      readonly durationMs: number;
    }
  | { readonly kind: 'engineLost'; readonly message: string }
  | { readonly kind: 'engineFound' }
  | {
      readonly kind: 'storeOperationFinished';
      readonly operation: string;
      readonly isSuccessful: boolean;
      readonly durationMs: number;
    }
  | { readonly kind: 'staleWriteIgnored'; readonly operation: string }
  | {
      readonly kind: 'quarantineMoved';
      readonly plugin: string;
      /** id of the version */
      readonly version: string;
      readonly from: QuarantineState;
      readonly to: QuarantineState;
      /** what was remembered; empty when it closes */
      readonly cause: string;
      /** when a probe may be made (wall clock); null unless it opens */
      readonly untilMs: number | null;
    }
  | {
      readonly kind: 'pressureMeasured';
      readonly cpu: number | null;
      readonly memory: number | null;
      readonly io: number | null;
      /** of the brake, after this reading */
      readonly state: BrakeState;
    }
  | {
      readonly kind: 'pressureChanged';
      readonly from: BrakeState;
      readonly to: BrakeState;
      /** what is pressed hardest */
      readonly resource: PressedResource;
      readonly ratio: number;
    }
  | { readonly kind: 'capacityChanged'; readonly resource: 'cpu' | 'memory'; readonly usedRatio: number }
  | { readonly kind: 'logWritten'; readonly line: LogLine };

export type DomainEvent = RunEvent | SystemEvent;
