// What every part of this folder works with: the ports and the numbers that hold for all sandboxes of this worker.
import type { Clock } from '../core/ports/clock.ts';
import type { ContainerEngine } from '../core/ports/container-engine.ts';
import type { EventSink } from '../core/ports/event-sink.ts';
import type { IdSource } from '../core/ports/id-source.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { UsageMeter } from '../core/ports/usage-meter.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { SelfDescription } from '../core/self-description.ts';
import type { WorkerId } from '../core/ids.ts';
import type { BrakeThresholds } from './pool/pressure-brake.ts';
import type { Transports } from './container/transports.ts';

export interface SandboxSettings {
  readonly instanceId: string;
  readonly workerId: WorkerId;
  /** CPU tokens per core of the engine; over 1 the plugins share the cores */
  readonly cpuOvercommit: number;
  /** part of the engine's memory that sandboxes may be promised, 0 < share ≤ 1 */
  readonly memoryShare: number;
  /** invocations that may wait for a sandbox at once; one more is `busy` */
  readonly maxWaiting: number;
  /** of one pipeline */
  readonly maxWaitingPerPipeline: number;
  /** failures in a row, and the time they lie in, that put a plugin version into quarantine */
  readonly quarantineFailures: number;
  readonly quarantineWindowMs: number;
  /** between SIGTERM and SIGKILL when an invocation is cancelled */
  readonly graceMs: number;
  /** true: an invocation that finds the engine away waits for it, for as long as hook and run allow; false: it ends as `engine` */
  readonly waitsForEngine: boolean;
  /** of one engine call (create, attach, kill, remove, …) */
  readonly engineTimeoutMs: number;
  /** of the call that starts a container */
  readonly startTimeoutMs: number;
  /** of a question of what a plugin says of itself */
  readonly questionTimeoutMs: number;
  /** how often a running invocation's cgroup is read */
  readonly usageIntervalMs: number;
  readonly reapIntervalMs: number;
  /** how often the host's pressure is read, and from which pressure on starts are slowed or stopped */
  readonly pressureIntervalMs: number;
  readonly brake: BrakeThresholds;
  /** before a start that nobody waits for, so that it does not take the core from the invocation that made it necessary */
  readonly restMs: number;
}

export const DEFAULT_SANDBOX_SETTINGS = {
  cpuOvercommit: 2,
  memoryShare: 0.8,
  maxWaiting: 1_000,
  maxWaitingPerPipeline: 500,
  quarantineFailures: 5,
  quarantineWindowMs: 600_000,
  graceMs: 2_000,
  waitsForEngine: false,
  engineTimeoutMs: 30_000,
  startTimeoutMs: 60_000,
  questionTimeoutMs: 10_000,
  usageIntervalMs: 75,
  reapIntervalMs: 5_000,
  pressureIntervalMs: 2_000,
  brake: { cpu: 0.95, io: 0.95, memory: 0.2, memoryStop: 0.5 },
  restMs: 100,
} as const satisfies Partial<SandboxSettings>;

export type OnSaid = (version: PluginVersion, said: SelfDescription) => void;

export interface SandboxContext {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly usage: UsageMeter;
  readonly settings: SandboxSettings;
  readonly hasAppArmor: boolean;
  readonly transports: Transports;
  /** called once per version and pool with what the plugin says of itself; null: nobody asks */
  readonly onSaid: OnSaid | null;
}
