// Unix time that does not jump: it goes on with the machine's monotonic clock and draws near to the wall clock, never faster than a tenth of
// the time that passes. So a wall clock that is set by hours changes no deadline that was stored; after a restart the program follows it.
// Surprise: the monotonic clock stands still while the machine is suspended, the uptime does not. What was slept through has passed.

export interface TimeSources {
  /** unix milliseconds; may jump */
  wallMs(): number;
  /** milliseconds since any moment; stands still while the machine is suspended */
  monotonicMs(): number;
  /** milliseconds since the machine started, suspensions included; read rarely, in steps of 10 ms */
  uptimeMs(): number;
}

const LOOK_MS = 1_000;
/** At most this part of the time that passes, so that a timeout is off by no more than that. */
const PACE = 0.1;
/** Who did not ask for long must not see a leap for that. */
const STEP_MAX_MS = 2 * LOOK_MS * PACE;
/** Beyond the steps of both clocks, and short beside any suspension. */
const SUSPENDED_MS = 2_000;

export class SteadyTime {
  readonly #sources: TimeSources;
  /** unix milliseconds at the zero of the monotonic clock */
  #originMs: number;
  #lookedAtMs: number;
  #uptimeMs: number;
  #latestMs = 0;

  constructor(sources: TimeSources) {
    this.#sources = sources;
    this.#lookedAtMs = sources.monotonicMs();
    this.#uptimeMs = sources.uptimeMs();
    this.#originMs = sources.wallMs() - this.#lookedAtMs;
  }

  /** Unix milliseconds, whole; never goes back. */
  nowMs(): number {
    const monotonicMs = this.#sources.monotonicMs();
    if (monotonicMs - this.#lookedAtMs >= LOOK_MS) this.#look(monotonicMs);
    this.#latestMs = Math.max(this.#latestMs, Math.floor(this.#originMs + monotonicMs));
    return this.#latestMs;
  }

  #look(monotonicMs: number): void {
    const passedMs = monotonicMs - this.#lookedAtMs;
    const uptimeMs = this.#sources.uptimeMs();
    const suspendedMs = uptimeMs - this.#uptimeMs - passedMs;
    if (suspendedMs > SUSPENDED_MS) this.#originMs += suspendedMs;
    const aheadMs = this.#sources.wallMs() - (this.#originMs + monotonicMs);
    const stepMs = Math.min(passedMs * PACE, STEP_MAX_MS);
    this.#originMs += Math.max(-stepMs, Math.min(stepMs, aheadMs));
    this.#lookedAtMs = monotonicMs;
    this.#uptimeMs = uptimeMs;
  }
}
