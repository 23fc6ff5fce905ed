// Quotas of one sandbox: the one place with their defaults and permitted ranges (plugin-facing numbers, all documented).

/** The effective quotas of one plugin version. */
export interface Limits {
  /** decimal CPU cores */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly pids: number;
  /** wall time of one invocation */
  readonly timeoutMs: number;
  /** cpu time of one invocation */
  readonly cpuTimeMs: number;
  /** size of /tmp */
  readonly tmpBytes: number;
  /** stdout of one invocation */
  readonly outputBytes: number;
  /** stderr kept of one invocation */
  readonly logsBytes: number;
  readonly openFiles: number;
}

export type LimitName = keyof Limits;

const MiB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  cpus: 0.5,
  memoryBytes: 128 * MiB,
  pids: 64,
  timeoutMs: 30_000,
  cpuTimeMs: 15_000,
  tmpBytes: 16 * MiB,
  outputBytes: 8 * MiB,
  logsBytes: MiB,
  openFiles: 256,
};

/** Least and greatest value of each limit; `memory` below 6 MiB is refused by the engine itself, so 8 MiB is the floor. */
export const LIMIT_RANGES: Readonly<Record<LimitName, { readonly min: number; readonly max: number }>> = {
  cpus: { min: 0.01, max: 64 },
  memoryBytes: { min: 8 * MiB, max: 64 * 1024 * MiB },
  pids: { min: 16, max: 4096 },
  timeoutMs: { min: 1, max: 7 * 24 * 3_600_000 },
  cpuTimeMs: { min: 1, max: 7 * 24 * 3_600_000 },
  tmpBytes: { min: 64 * 1024, max: 8 * 1024 * MiB },
  outputBytes: { min: 1024, max: 8 * MiB },
  logsBytes: { min: 0, max: 64 * MiB },
  openFiles: { min: 16, max: 65_536 },
};

/** Default of `cpuTime`: the whole timeout at the whole cpu share, in whole milliseconds rounded up. */
export function defaultCpuTimeMs(timeoutMs: number, cpus: number): number {
  return Math.ceil(timeoutMs * cpus);
}

/** Inodes of /tmp: one per 4 KiB block, at least 64, so that empty files cannot eat kernel memory beyond the size limit. */
export function tmpInodes(tmpBytes: number): number {
  return Math.max(64, Math.floor(tmpBytes / 4096));
}

/** JSON limits of the wire contract: bytes of one message and nesting depth. */
export const MESSAGE_BYTES_MAX = 8 * MiB;
export const JSON_DEPTH_MAX = 64;
