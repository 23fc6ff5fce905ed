// One plugin called once for one hook of one run. States and their table; every change of state emits one event.
//   pending → running → succeeded | failed | skipped | cancelled      (pending may end at once: cancelled, failed, skipped)
import type { InvocationId, RunId, SandboxId } from './ids.ts';
import type { Outcome, OutcomeCode } from './outcome.ts';
import type { Reported } from './reported.ts';
import type { Transport } from './sandbox.ts';

export const INVOCATION_STATES = ['pending', 'running', 'succeeded', 'failed', 'skipped', 'cancelled'] as const;
export type InvocationState = (typeof INVOCATION_STATES)[number];

export const INVOCATION_TRANSITIONS = {
  pending: ['running', 'failed', 'skipped', 'cancelled'],
  running: ['succeeded', 'failed', 'skipped', 'cancelled'],
  succeeded: [],
  failed: [],
  skipped: [],
  cancelled: [],
} as const satisfies Record<InvocationState, readonly InvocationState[]>;

/** Where an invocation's time went, in milliseconds; null when the phase was not reached. */
export interface InvocationPhases {
  /** waiting for capacity and for a ready sandbox */
  readonly sandboxWaitMs: number | null;
  /** writing the request until the plugin took it */
  readonly sendMs: number | null;
  /** from the request's last byte to the first byte of the result */
  readonly runMs: number | null;
  /** from the first byte of the result to the settled end (exit code known) */
  readonly receiveMs: number | null;
}

/** Use of the sandbox's quotas; null where the host cannot read it. */
export interface InvocationUsage {
  readonly memoryPeakBytes: number | null;
  readonly cpuTimeMs: number | null;
  readonly outputBytes: number;
  readonly logsBytes: number;
}

/** How the sandbox was had: reused, forked from a waiting process, started ahead of time, or on demand. */
export const SANDBOX_KINDS = ['warm', 'forked', 'prestarted', 'cold'] as const;
export type SandboxKind = (typeof SANDBOX_KINDS)[number];

/** What is known of leftovers in the sandbox before the invocation. */
export const CLEANLINESS = ['fresh', 'forked', 'reused-clean', 'reused-unverified'] as const;
export type Cleanliness = (typeof CLEANLINESS)[number];

/** The stored record of an invocation. Times are unix milliseconds. */
export interface Invocation {
  readonly id: InvocationId;
  readonly runId: RunId;
  readonly pipeline: string;
  readonly hook: string;
  readonly hookIndex: number;
  readonly plugin: string;
  /** `<name>@<semver>+<hash12>` */
  readonly pluginVersion: string;
  readonly order: number;
  readonly attempt: number;
  /** index of the item of a hook with `forEach`; null: the hook has none */
  readonly item: number | null;
  readonly state: InvocationState;
  readonly outcome: Outcome | null;
  readonly warnings: readonly string[];
  readonly sandboxId: SandboxId | null;
  readonly sandboxKind: SandboxKind | null;
  readonly cleanliness: Cleanliness | null;
  /** null when no sandbox was had, and in records of releases that had one transport only */
  readonly transport: Transport | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly phases: InvocationPhases | null;
  readonly usage: InvocationUsage | null;
  /** what the plugin reported beside its result; null when that was nothing, or until it ended */
  readonly reported: Reported | null;
  /** when the plugin is called again after this failure (unix milliseconds); null: its end stands */
  readonly retryAtMs: number | null;
  /** name of the stored payload with the plugin's `data`; null when there is none */
  readonly resultPayload: string | null;
}

const STATE_OF_OUTCOME = {
  ok: 'succeeded',
  skipped: 'skipped',
  cancelled: 'cancelled',
  plugin_error: 'failed',
  crash: 'failed',
  oom: 'failed',
  cpu_time: 'failed',
  timeout: 'failed',
  output_limit: 'failed',
  protocol: 'failed',
  no_result: 'failed',
  not_ready: 'failed',
  start_failed: 'failed',
  image: 'failed',
  denied: 'failed',
  busy: 'failed',
  engine: 'failed',
  lost: 'failed',
} as const satisfies Record<OutcomeCode, InvocationState>;

/** The state that an outcome leads to. */
export function stateOfOutcome(outcome: Outcome): InvocationState {
  return STATE_OF_OUTCOME[outcome.code];
}
