// When runs that this worker suspended go on, so that its loop rests no longer than until the first of them: a backoff of 200 ms takes 200 ms.
// Hints only, for the near future: whatever is not here is found when the loop looks, once a second.
import type { RunId } from '../../core/ids.ts';
import type { Run } from '../../core/run.ts';

/** Beyond these, a look once a second will do. */
const NEAR_MS = 60_000;
const KEPT_MAX = 1_000;
/** Longer than the loop ever rests. */
const SOON_MS = 2_000;

export class WakeTimes {
  readonly #times = new Map<RunId, number>();

  /** The run as this worker wrote it last. @returns true when it goes on so soon that the loop is to look how long it may rest */
  note({ id, state, readyAtMs }: Pick<Run, 'id' | 'state' | 'readyAtMs'>, nowMs: number): boolean {
    this.#times.delete(id);
    const waitMs = state === 'waiting' ? readyAtMs - nowMs : Number.POSITIVE_INFINITY;
    if (waitMs > NEAR_MS || this.#times.size >= KEPT_MAX) return false;
    this.#times.set(id, readyAtMs);
    return waitMs < SOON_MS;
  }

  /** Milliseconds until the first of them, at least 0; infinite when there is none. Those that have come are forgotten. */
  untilNextMs(nowMs: number): number {
    let firstMs = Number.POSITIVE_INFINITY;
    for (const [id, readyAtMs] of this.#times) {
      if (readyAtMs <= nowMs) this.#times.delete(id);
      firstMs = Math.min(firstMs, Math.max(0, readyAtMs - nowMs));
    }
    return firstMs;
  }
}
