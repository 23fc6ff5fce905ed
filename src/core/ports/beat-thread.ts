// Beats of a worker from a thread of its own: work on large JSON does not hold them up, and a main loop that has stalled has none.
import type { WorkerId } from '../ids.ts';

export interface BeatSettings {
  readonly workerId: WorkerId;
  readonly startedAtMs: number;
  readonly intervalMs: number;
  /** without a pulse for so long, no beat is sent */
  readonly stallMs: number;
}

export interface BeatThread extends AsyncDisposable {
  /** The main loop goes on. */
  pulse(): void;
  /** Milliseconds since the sending of the latest beat that was acknowledged, by a clock that nobody sets; null: none was. */
  ackAgeMs(): number | null;
}

/** Begins at once; disposing resolves when no beat is under way any more. */
export type StartBeats = (settings: BeatSettings) => BeatThread;
