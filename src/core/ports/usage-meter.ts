// Reads what a container used from its cgroup files: no engine call. Null wherever the files cannot be read (a remote engine, another host).

export interface CgroupUsage {
  readonly cpuTimeMs: number | null;
  readonly memoryBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly pids: number | null;
  /** times the kernel killed for memory inside this cgroup */
  readonly oomKills: number | null;
  readonly throttledMs: number | null;
  /** attempts to fork that the pids limit refused */
  readonly pidsRefused: number | null;
}

export interface UsageMeter {
  /** Cheap (a few small file reads); never throws. */
  read(containerId: string): Promise<CgroupUsage | null>;
  /** Times the kernel of this host has killed for memory, anywhere, since it booted; null when it does not tell. Never throws. */
  hostOomKills(): number | null;
}
