// The circuit breaker of one plugin version (states: core/quarantine.ts), and the pause after a start that a repeat would not mend. Without
// IO; times are of the monotonic clock. Only an invocation may probe: a start that nobody waits for proves nothing about one.
import type { GantryError } from '../../core/errors/gantry-error.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { IdSource } from '../../core/ports/id-source.ts';
import { VERDICTS, type QuarantineState } from '../../core/quarantine.ts';
import { Backoff } from './backoff.ts';
import { LeftAloneError } from './left-alone.ts';

export interface QuarantineLimits {
  /** failed starts and crashes of first invocations in a row that open it */
  readonly failures: number;
  /** the time they must lie in */
  readonly windowMs: number;
}

export interface QuarantineMove {
  readonly from: QuarantineState;
  readonly to: QuarantineState;
  /** what was remembered; empty unless it opens */
  readonly cause: string;
  /** until a probe may be made; 0 unless it opens */
  readonly untilMs: number;
}

export class Quarantine {
  readonly #limits: QuarantineLimits;
  readonly #onMove: (move: QuarantineMove) => void;
  readonly #pause: Backoff<true>;
  /** the latest failure that began a pause; of no meaning before there was one */
  #cause: Outcome = { code: 'start_failed', message: '' };
  /** when the failures of the row were */
  #row: number[] = [];
  #state: QuarantineState = 'closed';

  constructor(limits: QuarantineLimits, ids: IdSource, onMove: (move: QuarantineMove) => void) {
    this.#limits = limits;
    this.#onMove = onMove;
    this.#pause = new Backoff(ids);
  }

  get state(): QuarantineState {
    return this.#state;
  }

  /** Whether nothing has failed: then an invocation that is served says nothing new. */
  get isSpotless(): boolean {
    return this.#row.length === 0;
  }

  /** Why nobody may try now. Null: one may, and in quarantine that one is the probe and owes `judge` or `giveUp`. */
  admit(nowMs: number): GantryError | null {
    if (this.#state === 'half_open' || this.#pause.reasonAt(nowMs) !== null) return this.refusal(nowMs);
    if (this.#state === 'open') this.#move('half_open');
    return null;
  }

  /** What those are told who may not try. */
  refusal(nowMs: number): GantryError {
    // While somebody probes, the answer comes soon.
    const waitMs = Math.max(1_000, Math.ceil(this.#pause.untilMs - nowMs));
    return new LeftAloneError(this.#cause, waitMs, this.#state === 'closed' ? null : this.#row.length);
  }

  /** A start failed in a way that a repeat will not mend soon. */
  failStart(nowMs: number, outcome: Outcome): void {
    this.#pauseFor(nowMs, outcome);
    if (VERDICTS[outcome.code] === 'fails') this.#count(nowMs, outcome);
  }

  /** A start succeeded. In quarantine that is not enough. */
  noteStart(): void {
    if (this.#state === 'closed') this.#pause.succeed();
  }

  /** @param isFirst whether the sandbox had served nobody before: one that crashes later is replaced and counts for nothing */
  judge(nowMs: number, outcome: Outcome, isFirst: boolean): void {
    const verdict = VERDICTS[outcome.code];
    if (verdict === 'serves') this.#serve();
    else if (verdict === 'fails' && isFirst) this.#count(nowMs, outcome);
  }

  /** Who was let in has left without a verdict: the next one may probe. */
  giveUp(): void {
    if (this.#state === 'half_open') this.#move('open');
  }

  /** The version is not wanted any more. */
  lift(): void {
    this.#row = [];
    this.#pause.succeed();
    if (this.#state !== 'closed') this.#move('closed');
  }

  #serve(): void {
    if (this.#row.length > 0) this.lift();
  }

  #count(nowMs: number, outcome: Outcome): void {
    const { failures, windowMs } = this.#limits;
    this.#row = [...this.#row.filter((atMs) => nowMs - atMs < windowMs), nowMs].slice(-failures);
    if (this.#state === 'open' || (this.#state === 'closed' && this.#row.length < failures)) return;
    this.#pauseFor(nowMs, outcome);
    this.#move('open');
  }

  /** Failures during a pause belong to starts that were under way when it began. */
  #pauseFor(nowMs: number, outcome: Outcome): void {
    if (this.#pause.reasonAt(nowMs) !== null) return;
    this.#cause = outcome;
    this.#pause.fail(nowMs, true);
  }

  #move(to: QuarantineState): void {
    const from = this.#state;
    this.#state = to;
    const isOpen = to === 'open';
    this.#onMove({ from, to, cause: isOpen ? this.#cause.message : '', untilMs: isOpen ? this.#pause.untilMs : 0 });
  }
}
