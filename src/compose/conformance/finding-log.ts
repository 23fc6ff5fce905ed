// Collects what came of each check, with the time it took, and tells it at once to whoever watches.
import type { Clock } from '../../core/ports/clock.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { checkRow, type CheckId, type Finding } from '../../plugins/conformance/checks.ts';

/** One line of a report. */
const REASON_MAX = 2_000;

export type Found = Pick<Finding, 'state' | 'reason'>;

export class FindingLog {
  readonly #clock: Clock;
  readonly #onFinding: (finding: Finding) => void;
  readonly #findings: Finding[] = [];

  constructor(clock: Clock, onFinding: (finding: Finding) => void) {
    this.#clock = clock;
    this.#onFinding = onFinding;
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Makes one check and gives the value that it found. */
  async add<T>(check: CheckId, look: () => Promise<Found & { readonly value: T }>): Promise<T> {
    const startedAtMs = this.#clock.monotonicMs();
    const { state, reason, value } = await look();
    const finding: Finding = {
      check,
      state,
      reason: escapeText(reason).slice(0, REASON_MAX),
      mend: state === 'failed' ? checkRow(check).mend : null,
      durationMs: Math.round(this.#clock.monotonicMs() - startedAtMs),
    };
    this.#findings.push(finding);
    this.#onFinding(finding);
    return value;
  }
}
