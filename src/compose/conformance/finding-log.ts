// Collects what came of each check, with the time it took, and tells it at once to whoever watches.
import type { Clock } from '../../core/ports/clock.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { checkRow, type CheckId, type Finding } from '../../plugins/conformance/checks.ts';

/** One line of a report. */
const REASON_MAX = 2_000;

export type Found = Pick<Finding, 'state' | 'reason'>;

export class FindingLog {
  readonly #clock: Clock;
  readonly #only: readonly string[];
  readonly #onFinding: (finding: Finding) => void;
  readonly #findings: Finding[] = [];

  /** @param only the checks that were asked for; empty: all */
  constructor(clock: Clock, only: readonly string[], onFinding: (finding: Finding) => void) {
    this.#clock = clock;
    this.#only = only;
    this.#onFinding = onFinding;
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Whether a check was asked for that others do not build on. */
  wants(check: CheckId): boolean {
    return this.#only.length === 0 || this.#only.includes(check);
  }

  /** Makes one check and gives the value that it found. */
  async add<T>(check: CheckId, look: () => Promise<Found & { readonly value: T }>): Promise<T> {
    const startedAtMs = this.#clock.monotonicMs();
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
    this.#onFinding(finding);
  }
}
