// Collects what came of each check, with the time it took, and tells it at once to whoever watches.
import type { Clock } from '../../core/ports/clock.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { checkRow, type CheckId, type Finding } from '../../plugins/conformance/checks.ts';

/** One line of a report. */
const REASON_MAX = 2_000;

export type Found = Pick<Finding, 'state' | 'reason'>;

/** Whoever watches the kit at work. */
export interface Watcher {
  /** a check begins that takes time */
  readonly onStart: (check: CheckId) => void;
  readonly onFinding: (finding: Finding) => void;
}

export class FindingLog {
  readonly #clock: Clock;
  readonly #only: readonly string[];
  readonly #watcher: Watcher;
  readonly #findings: Finding[] = [];

  /** @param only the checks that were asked for; empty: all */
  constructor(clock: Clock, only: readonly string[], watcher: Watcher) {
    this.#clock = clock;
    this.#only = only;
    this.#watcher = watcher;
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Whether a check was asked for that others do not build on. */
  wants(check: CheckId): boolean {
    return this.#only.length === 0 || this.#only.includes(check);
  }

  /** Tells that a check begins. */
  start(check: CheckId): void {
    this.#watcher.onStart(check);
  }

  /** Makes one check and gives the value that it found. */
  async add<T>(check: CheckId, look: () => Promise<Found & { readonly value: T }>): Promise<T> {
    const startedAtMs = this.#clock.monotonicMs();
    this.start(check);
    const found = await look();
    this.put(check, found, this.#clock.monotonicMs() - startedAtMs);
    return found.value;
  }

  /** Keeps what was found; of a check that nobody asked for only its failure. */
  put(check: CheckId, { state, reason }: Found, durationMs: number): void {
    if (state !== 'failed' && !this.wants(check)) return;
    const finding: Finding = {
      check,
      state,
      reason: escapeText(reason).slice(0, REASON_MAX),
      mend: state === 'failed' ? checkRow(check).mend : null,
      durationMs: Math.round(durationMs),
    };
    this.#findings.push(finding);
    this.#watcher.onFinding(finding);
  }
}
