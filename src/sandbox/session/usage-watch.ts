// Reads the cgroup of a running invocation at short intervals: ends it when its CPU time is used up, and remembers the last figures, since
// the files vanish with the container. CPU time counts from the first reading: what the start cost is not the invocation's.
import type { CgroupUsage } from '../../core/ports/usage-meter.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { ReadMoment, ThriftyGauge } from './thrifty-gauge.ts';

export class UsageWatch {
  readonly #context: SandboxContext;
  readonly #containerId: string;
  readonly #cpuTimeMs: number;
  readonly #onExceeded: () => void;
  #first: CgroupUsage | null = null;
  #last: CgroupUsage | null = null;
  #memoryPeakBytes: number | null = null;
  #oomKills: number | null = null;
  #hostOomKills: number | null = null;
  #gauge: ThriftyGauge | null = null;

  constructor(context: SandboxContext, containerId: string, cpuTimeMs: number, onExceeded: () => void) {
    this.#context = context;
    this.#containerId = containerId;
    this.#cpuTimeMs = cpuTimeMs;
    this.#onExceeded = onExceeded;
  }

  get memoryPeakBytes(): number | null {
    return this.#memoryPeakBytes;
  }

  get cpuTimeMs(): number | null {
    return this.#since((usage) => usage.cpuTimeMs);
  }

  get throttledMs(): number {
    return this.#since((usage) => usage.throttledMs) ?? 0;
  }

  /** In a fresh sandbox all of them, since the first reading may come after the kill; in one that served before, those since its first. */
  get oomKills(): number {
    return (this.#gauge === null ? this.#oomKills : this.#since((usage) => usage.oomKills)) ?? 0;
  }

  get pidsRefused(): number {
    return this.#since((usage) => usage.pidsRefused) ?? 0;
  }

  /** Reads until the signal aborts; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, settings, usage } = this.#context;
    this.#hostOomKills = usage.hostOomKills();
    while (!signal.aborted) {
      await this.sample();
      try {
        await clock.sleep(settings.usageIntervalMs, signal);
      } catch {
        return;
      }
    }
  }

  /** The container's cgroup was on this host and is gone, and since the start the kernel killed for memory: whom is not known. */
  async hasHostKilledUnseen(): Promise<boolean> {
    const hostOomKills = this.#context.usage.hostOomKills();
    if (this.#first === null || this.#hostOomKills === null || hostOomKills === null) return false;
    const rest = await this.sample();
    return (rest?.oomKills ?? null) === null && hostOomKills > this.#hostOomKills;
  }

  /** In a sandbox that serves again: counts from that reading, by that gauge. */
  countFrom(first: CgroupUsage | null, gauge: ThriftyGauge): void {
    this.#first = first;
    this.#gauge = gauge;
  }

  /** A reading of everything by the gauge; null without one. */
  look(): CgroupUsage | null {
    return this.#noted(this.#gauge?.read() ?? null);
  }

  /** A reading at the end of a run that went well, shared with those that end with it. */
  lookTogether(moment: ReadMoment): CgroupUsage | null {
    return this.#noted(this.#gauge?.readTogether(moment) ?? null);
  }

  #noted(usage: CgroupUsage | null): CgroupUsage | null {
    if (usage !== null) this.take(usage);
    return usage;
  }

  /** A reading of the gauge that somebody else made. */
  take(usage: CgroupUsage): void {
    this.#first ??= usage;
    this.#last = usage;
    if (usage.oomKills !== null) this.#oomKills = Math.max(usage.oomKills, this.#oomKills ?? 0);
    const peak = this.#peakOf(usage);
    if (peak !== null) this.#memoryPeakBytes = Math.max(peak, this.#memoryPeakBytes ?? 0);
    if ((this.cpuTimeMs ?? 0) >= this.#cpuTimeMs) this.#onExceeded();
  }

  async sample(): Promise<CgroupUsage | null> {
    const usage = await this.#context.usage.read(this.#containerId);
    if (usage !== null) this.take(usage);
    return usage;
  }

  /** The kernel's peak is of the container's life: in one that served before, it is this invocation's only if it rose. */
  #peakOf({ memoryPeakBytes, memoryBytes }: CgroupUsage): number | null {
    const isOwn = this.#gauge === null || (memoryPeakBytes ?? 0) > (this.#first?.memoryPeakBytes ?? 0);
    return (isOwn ? memoryPeakBytes : null) ?? memoryBytes;
  }

  #since(field: (usage: CgroupUsage) => number | null): number | null {
    const first = this.#first === null ? null : field(this.#first);
    const last = this.#last === null ? null : field(this.#last);
    return first === null || last === null ? null : Math.max(0, last - first);
  }
}
