// The session of a sandbox as everything sees it that holds sandboxes. Apart from its making, which knows sandboxes in turn.
import type { Cleanliness, SandboxKind } from '../../core/invocation.ts';
import type { CgroupUsage } from '../../core/ports/usage-meter.ts';
import type { Question, Said, StreamCancel, StreamRun } from '../../protocol/stream/session-events.ts';
import type { LinkRun, RunListener } from '../session/link-runs.ts';
import type { ThriftyGauge } from '../session/thrifty-gauge.ts';
import type { UsageRounds } from '../session/usage-rounds.ts';

export interface SessionLink extends Disposable {
  /** True when it waits for a run and has none in flight. */
  readonly isIdle: boolean;
  /** True while it lives: it is idle, or has runs in flight. */
  readonly isOpen: boolean;
  /** How often output was read from it. */
  readonly pass: number;
  /** Runs that it takes at once. */
  readonly places: number;
  /** What the plugin offers to answer, and the manifest lets us ask; empty before it is ready. */
  readonly offers: readonly Question[];
  /** Only while it is idle. A plugin that does not answer in time breaks the session. Never rejects. */
  ask(method: Question, timeoutMs: number): Promise<Said>;
  /** Only while it is open and has a place left. */
  run(run: StreamRun, listener: RunListener): LinkRun;
  /** True: the plugin is told, and has the grace. Else the session is over at once, and what else is in flight ends as `lost`. */
  cancel(run: LinkRun, cancel: StreamCancel): boolean;
  /** Ends it politely if it is idle; settles when the process has ended or the grace is over. */
  close(graceMs: number): Promise<void>;
}

export interface HeldSession extends Disposable {
  readonly link: SessionLink;
  /** null where no cgroup can be read */
  readonly gauge: ThriftyGauge | null;
  /** the clockwork that looks at its runs */
  readonly rounds: UsageRounds;
  /** runs so far */
  served: number;
  /** whose secrets it has seen; null before its first run */
  secretsKey: string | null;
  /** the reading that the next run's use counts from */
  readonly lastUsage: CgroupUsage | null;
  /** the reading at the end of a run, which is the first look as well: one reading costs as much as all else of a warm call */
  endUsage: CgroupUsage | null;
  /** What is known of leftovers before its next run. */
  readonly cleanliness: Cleanliness;
  /** How it is had by one that finds it idle. */
  readonly kind: SandboxKind;
  /** Whether it may see the secrets: it has seen none, or the same. */
  isFor(secretsKey: string): boolean;
  /** Why an idle one must not be used; null when it may. */
  whyUnfit(nowMs: number): string | null;
  /** Whether one at work may be given one more. */
  isJoinable(nowMs: number): boolean;
  /** Why it may not serve again; null when it may, if it is clean. */
  whyOver(nowMs: number): string | null;
  /** One look, at once. Null: clean, or nothing can be read; else what is left. */
  look(): string | null;
  /** Looks again for a moment. Null when it is clean after all. @param signal when it aborts, the last look counts */
  lookAgain(signal: AbortSignal): Promise<string | null>;
}
