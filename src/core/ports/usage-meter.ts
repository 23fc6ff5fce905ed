// Reads what a container used from its cgroup files: no engine call. Null wherever the files cannot be read (a remote engine, another host).

export interface CgroupUsage {
  readonly cpuTimeMs: number | null;
  readonly memoryBytes: number | null;
  readonly memoryPeakBytes: number | null;
  /** bytes of the processes themselves: neither files in memory nor what the kernel cached */
  readonly anonBytes: number | null;
  /** bytes that lie in memory-backed files: what /tmp holds */
  readonly shmemBytes: number | null;
  readonly pids: number | null;
  /** times the kernel killed for memory inside this cgroup */
  readonly oomKills: number | null;
  readonly throttledMs: number | null;
  /** attempts to fork that the pids limit refused */
  readonly pidsRefused: number | null;
}

/** What /tmp holds, also what was deleted and is still open. */
export interface TmpUse {
  /** in whole pages */
  readonly bytes: number;
  /** files, folders, links, /tmp itself among them */
  readonly files: number;
}

/** One container's files, held open, for readings on the path of an invocation. */
export interface UsageGauge extends Disposable {
  /** At once, some ten microseconds of kernel work; null when the container is gone. Never throws. */
  read(): CgroupUsage | null;
  /**
   * As read, from the four files that are one number each: a third of the work. The rare counters are those of the last reading, and what the
   * memory is made of (`anonBytes`, `shmemBytes`) is left out as null: of all files that one takes longest.
   */
  readBeside(last: CgroupUsage): CgroupUsage | null;
  /** Processes, not threads (`pids` counts both); null when the container is gone. At once. Never throws. */
  countProcesses(): number | null;
  /** Exact, some microseconds; null where only root's rights on the same host would show it. Never throws. */
  tmpUse(): TmpUse | null;
}

export interface UsageMeter {
  /** Cheap (a few small file reads); never throws. */
  read(containerId: string): Promise<CgroupUsage | null>;
  /** Times the kernel of this host has killed for memory, anywhere, since it booted; null when it does not tell. Never throws. */
  hostOomKills(): number | null;
  /** Null where nothing can be read; never throws. */
  open(containerId: string): Promise<UsageGauge | null>;
}
