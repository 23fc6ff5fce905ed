// What a sandbox of protocol `stream` is beside its container: the link to its plugin, and all that decides whether it may serve again.
// Clean means: as many processes as when it first stood idle, no byte and no file more in /tmp, and about as much memory. Threads, and what the plugin's
// own process remembers, are not looked for: that is what `reuse: warm` allows.
import type { Cleanliness, SandboxKind } from '../../core/invocation.ts';
import type { CgroupUsage, TmpUse } from '../../core/ports/usage-meter.ts';
import { NO_SECRETS } from '../../core/redact.ts';
import type { HeldSession } from '../container/held-session.ts';
import { randomPart } from '../jitter.ts';
import { LogLines } from './log-lines.ts';
import { NotReadyError } from './not-ready.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Sandbox } from '../container/sandbox.ts';
import { StreamLink } from './stream-link.ts';
import { ThriftyGauge } from './thrifty-gauge.ts';
import { UsageRounds } from './usage-rounds.ts';
import { UsageWatch } from './usage-watch.ts';

/** Memory that a plugin may hold above its baseline: room for loaded modules and for a heap before its next collection, not for leaks. */
export const REMAINING_MEMORY_BYTES = 32 * 1024 * 1024;
/** The kernel counts a moment late: how often, and how long apart, a sandbox that looks unclean is looked at again. */
const LOOKS = 20;
const PAUSE_MS = 5;
/** Of stderr before the first run, kept to explain a plugin that does not become ready. */
const START_LOG_BYTES = 64 * 1024;

export class SandboxSession implements HeldSession {
  readonly link: StreamLink;
  readonly gauge: ThriftyGauge | null;
  readonly rounds: UsageRounds;
  /** monotonic; after it, no run is given to it */
  readonly expiresAtMs: number;
  /** up to a tenth less than declared, so that the sandboxes of a pool do not all go at once */
  readonly #maxServed: number;
  /** runs so far */
  served = 0;
  /** whose secrets it has seen; null before its first run */
  secretsKey: string | null = null;
  /** the reading that the next run's use counts from */
  lastUsage: CgroupUsage | null;
  /** the reading at the end of a run, which is the first look as well: one reading costs as much as all else of a warm call */
  endUsage: CgroupUsage | null = null;
  readonly #context: SandboxContext;
  readonly #sandbox: Sandbox;
  readonly #baseline: CgroupUsage | null;
  readonly #processes: number | null;
  /** the least that /tmp held when nothing ran: what `on_load` left there may be wiped later */
  #tmp: TmpUse | null;
  #isVerified: boolean;

  private constructor(context: SandboxContext, sandbox: Sandbox, link: StreamLink, gauge: ThriftyGauge | null) {
    this.#context = context;
    this.#sandbox = sandbox;
    this.link = link;
    this.gauge = gauge;
    this.rounds = new UsageRounds(context.clock, context.settings.usageIntervalMs);
    const { maxInvocations } = sandbox.version.plugin.pool;
    this.#maxServed = maxInvocations - Math.floor(maxInvocations * 0.1 * randomPart(context.ids));
    this.expiresAtMs = context.clock.monotonicMs() + jittered(context, sandbox.version.plugin.pool.maxAgeMs);
    this.#baseline = gauge?.read() ?? null;
    this.#processes = gauge?.countProcesses() ?? null;
    this.#tmp = gauge?.tmpUse() ?? null;
    this.lastUsage = this.#baseline;
    this.#isVerified = this.#baseline !== null;
  }

  /** Makes a started container ready for runs. @throws NotReadyError */
  static async open(context: SandboxContext, sandbox: Sandbox): Promise<SandboxSession> {
    const { plugin, config } = sandbox.version;
    const { containerId } = sandbox.live();
    const options = {
      plugin: { name: plugin.name, version: plugin.version },
      config,
      reuse: plugin.reuse === 'fork' ? ('fork' as const) : ('warm' as const),
      concurrency: plugin.concurrency,
      lifecycle: plugin.lifecycle,
      services: plugin.services,
      startTimeoutMs: context.settings.startTimeoutMs,
      outputBytes: plugin.limits.outputBytes,
    };
    const logs = new LogLines(START_LOG_BYTES, NO_SECRETS, () => undefined);
    const usage = new UsageWatch(context, containerId, plugin.limits.cpuTimeMs, () => undefined);
    const link = new StreamLink(context, sandbox, options, logs, usage);
    const refusal = await link.open();
    if (refusal !== null) {
      link[Symbol.dispose]();
      throw new NotReadyError(refusal);
    }
    const gauge = await context.usage.open(containerId);
    return new SandboxSession(context, sandbox, link, gauge && new ThriftyGauge(gauge, plugin.limits));
  }

  /** What is known of leftovers before its next run. */
  get cleanliness(): Cleanliness {
    if (this.#sandbox.version.plugin.reuse === 'fork') return 'forked';
    if (this.served === 0) return 'fresh';
    return this.#isVerified ? 'reused-clean' : 'reused-unverified';
  }

  /** How it is had by one that finds it idle. */
  get kind(): SandboxKind {
    if (this.#sandbox.version.plugin.reuse === 'fork') return 'forked';
    return this.served === 0 ? 'prestarted' : 'warm';
  }

  /** Whether it may see the secrets: it has seen none, or the same. */
  isFor(secretsKey: string): boolean {
    return this.secretsKey === null || this.secretsKey === secretsKey;
  }

  /** Why an idle one must not be used; null when it may. */
  whyUnfit(nowMs: number): string | null {
    if (!this.link.isIdle) return 'broke the protocol while idle';
    const isReused = this.#sandbox.version.plugin.reuse !== 'never';
    return isReused && nowMs >= this.expiresAtMs ? 'old' : null;
  }

  /** Whether one at work may be given one more. */
  isJoinable(nowMs: number): boolean {
    return this.link.isOpen && nowMs < this.expiresAtMs;
  }

  /** Why it may not serve again; null when it may, if it is clean. */
  whyOver(nowMs: number): string | null {
    const { reuse } = this.#sandbox.version.plugin;
    if (!this.link.isIdle || this.#sandbox.ending !== null) return 'used';
    if (reuse === 'never') return 'used';
    if (this.served >= this.#maxServed) return 'served its invocations';
    return this.whyUnfit(nowMs);
  }

  /** One look, at once. Null: clean, or nothing can be read; else what is left. */
  look(): string | null {
    const usage = this.#usageToJudge();
    this.#isVerified = usage !== null && this.#baseline !== null;
    if (usage === null || this.#baseline === null) return null;
    const left = this.#leftovers(usage, this.#baseline);
    if (left === null) this.lastUsage = usage;
    return left;
  }

  /** Looks again for a moment. Null when it is clean after all. @param signal when it aborts, the last look counts */
  async lookAgain(signal: AbortSignal): Promise<string | null> {
    let left = this.look();
    for (let count = 1; count < LOOKS && left !== null && !signal.aborted; count += 1) {
      await this.#context.clock.sleep(PAUSE_MS, signal).catch(() => undefined);
      left = this.look();
    }
    return left;
  }

  [Symbol.dispose](): void {
    this.link[Symbol.dispose]();
    this.rounds[Symbol.dispose]();
    this.gauge?.[Symbol.dispose]();
  }

  /** The reading at the end of the run; another one if that left out what has to be known. */
  #usageToJudge(): CgroupUsage | null {
    const usage = this.endUsage;
    this.endUsage = null;
    return usage !== null && this.#saysEnough(usage) ? usage : (this.gauge?.read() ?? null);
  }

  /** What processes and /tmp hold is never more than all memory together: while that is within the bound, nobody has to ask what it is. */
  #saysEnough({ anonBytes, memoryBytes }: CgroupUsage): boolean {
    if (anonBytes !== null) return true;
    if (memoryBytes === null || this.#baseline === null || this.#tmp === null) return false;
    return memoryBytes <= heldBytes(this.#baseline) + REMAINING_MEMORY_BYTES;
  }

  #leftovers(usage: CgroupUsage, baseline: CgroupUsage): string | null {
    // Counting processes takes longer than reading a number: one thread is one process.
    const isOneThread = usage.pids === 1 && baseline.pids === 1;
    const processes = isOneThread ? this.#processes : (this.gauge?.countProcesses() ?? null);
    if (processes !== this.#processes) return `unclean: ${String(processes)} processes, not ${String(this.#processes)}`;
    return this.#leftInTmp(usage, baseline) ?? grownMemory(usage, baseline);
  }

  /** By what /tmp itself says; only where that cannot be had, by the kernel's count of memory, which may be two seconds old. */
  #leftInTmp({ shmemBytes }: CgroupUsage, baseline: CgroupUsage): string | null {
    const [least, now] = [this.#tmp, this.gauge?.tmpUse() ?? null];
    if (least === null || now === null)
      return shmemBytes === baseline.shmemBytes ? null : `unclean: ${String(shmemBytes)} bytes in /tmp`;
    if (now.bytes > least.bytes || now.files > least.files)
      return `unclean: ${String(now.bytes)} bytes in /tmp, in ${String(now.files - least.files)} files more`;
    this.#tmp = now;
    return null;
  }
}

/** Shared memory that is in no file counts as well. */
function heldBytes({ anonBytes, shmemBytes }: CgroupUsage): number {
  return (anonBytes ?? 0) + (shmemBytes ?? 0);
}

function grownMemory(usage: CgroupUsage, baseline: CgroupUsage): string | null {
  const grownBytes = heldBytes(usage) - heldBytes(baseline);
  return grownBytes > REMAINING_MEMORY_BYTES ? `unclean: ${String(grownBytes)} bytes of memory kept` : null;
}

/** ± 10 %, so that the sandboxes of a pool do not all go at once. */
function jittered({ ids }: SandboxContext, durationMs: number): number {
  return durationMs * (0.9 + 0.2 * randomPart(ids));
}
