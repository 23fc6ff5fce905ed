// Time as a port, so that pipelines, sandboxes and tests share one notion of it.

export interface Clock {
  /** Unix milliseconds for records and what is due in them. Never jumps; after the wall clock was set it lags behind that for a while. */
  nowMs(): number;
  /** Unix milliseconds as the wall clock has them now, for what the world outside means by the time. May jump. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. For durations. */
  monotonicMs(): number;
  /** Resolves after `durationMs` (≤ 2^31 − 1), or rejects with the signal's reason as soon as it aborts. Leaves no timer behind. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
  /** A signal that aborts after `durationMs`, with a disposer that frees its timer. */
  deadline(durationMs: number): Deadline;
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}
