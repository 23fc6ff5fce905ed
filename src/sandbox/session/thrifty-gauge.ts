// A gauge that asks for the rare counters only when they can have moved. Each file costs microseconds of every warm invocation, and three of
// them nearly never say anything new: kills for memory, time without CPU, refused processes. Counters: what one look leaves out, a later one
// tells.
import type { Limits } from '../../core/limits.ts';
import type { CgroupUsage, TmpUse, UsageGauge } from '../../core/ports/usage-meter.ts';

/** CPU is withheld, or processes by the dozen are made, only after more CPU time than this, or than half of what 100 ms allow. */
const CPU_MS = 2;
const HALF_PERIOD_MS = 50;
/** The kernel kills for memory only at the limit; it counts in batches, so a little below it is at it. */
const NEAR = 0.9;

/** Readings of one group lie so near to each other; what comes later can have used something in between. */
const TOGETHER_MS = 0.2;

export interface ReadMoment {
  /** how often the plugin's output was read until now */
  readonly pass: number;
  /** monotonic */
  readonly nowMs: number;
}

export class ThriftyGauge implements Disposable {
  readonly #gauge: UsageGauge;
  readonly #limits: Pick<Limits, 'cpus' | 'memoryBytes' | 'pids'>;
  #full: CgroupUsage | null = null;
  #last: CgroupUsage | null = null;
  #lastMoment: ReadMoment = { pass: -1, nowMs: 0 };

  constructor(gauge: UsageGauge, limits: Pick<Limits, 'cpus' | 'memoryBytes' | 'pids'>) {
    this.#gauge = gauge;
    this.#limits = limits;
  }

  /** Everything; null when the container is gone. */
  read(): CgroupUsage | null {
    const usage = this.#gauge.read();
    if (usage !== null) this.#full = usage;
    this.#last = null;
    return usage;
  }

  /** As readThriftily, once for all runs that end or begin by what was read from the plugin in one piece. */
  readTogether(moment: ReadMoment): CgroupUsage | null {
    const { pass, nowMs } = this.#lastMoment;
    const isSame = this.#last !== null && pass === moment.pass && moment.nowMs - nowMs <= TOGETHER_MS;
    const usage = isSame ? this.#last : this.readThriftily();
    if (!isSame) this.#lastMoment = moment;
    this.#last = usage;
    return usage;
  }

  /** What every run moves; with it the rare counters if they can have moved since they were read, else as they were. */
  readThriftily(): CgroupUsage | null {
    if (this.#full === null) return this.read();
    const usage = this.#gauge.readBeside(this.#full);
    return usage !== null && this.#mayHaveMoved(usage, this.#full) ? this.read() : usage;
  }

  countProcesses(): number | null {
    return this.#gauge.countProcesses();
  }

  tmpUse(): TmpUse | null {
    return this.#gauge.tmpUse();
  }

  [Symbol.dispose](): void {
    this.#gauge[Symbol.dispose]();
  }

  /** What cannot be read may have moved. */
  #mayHaveMoved(usage: CgroupUsage, full: CgroupUsage): boolean {
    const { cpuTimeMs, memoryPeakBytes, pids } = usage;
    const enoughMs = Math.min(CPU_MS, HALF_PERIOD_MS * this.#limits.cpus);
    if (cpuTimeMs === null || full.cpuTimeMs === null || cpuTimeMs - full.cpuTimeMs >= enoughMs) return true;
    if (memoryPeakBytes === null || memoryPeakBytes >= NEAR * this.#limits.memoryBytes) return true;
    return pids === null || pids * 2 >= this.#limits.pids;
  }
}
