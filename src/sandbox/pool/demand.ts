// How many idle sandboxes a pool should hold: as many as are asked for while one starts, at least one while the plugin is in use.
import type { PoolLimits } from '../../core/plugin.ts';

const WINDOW_MS = 10_000;
const REMEMBERED = 512;

export class Demand {
  /** oldest first */
  readonly #takenAtMs: number[] = [];
  #lastMs: number | null = null;
  #startMs = 200;

  /** An invocation found a sandbox that it gives back: nothing to replace. */
  touch(nowMs: number): void {
    this.#lastMs = nowMs;
  }

  /** An invocation asked for a sandbox. */
  note(nowMs: number): void {
    this.touch(nowMs);
    this.#takenAtMs.push(nowMs);
    if (this.#takenAtMs.length > REMEMBERED) this.#takenAtMs.shift();
  }

  /** A start took this long; smoothed. */
  noteStart(durationMs: number): void {
    this.#startMs += (durationMs - this.#startMs) / 4;
  }

  /** What a sandbox is worth that has been idle for so long: dear to start, asked for often, used lately. */
  worth(nowMs: number, idleMs: number): number {
    const perMs = this.#recentCount(nowMs) / WINDOW_MS;
    return this.#startMs * (perMs + 1 / Math.max(1, idleMs));
  }

  /** Idle sandboxes wanted now, between the pool's min and max. */
  target(nowMs: number, limits: PoolLimits): number {
    const isInUse = this.#lastMs !== null && nowMs - this.#lastMs < limits.idleMs;
    const perStart = Math.ceil((this.#recentCount(nowMs) / WINDOW_MS) * this.#startMs);
    const wanted = isInUse ? Math.max(1, perStart) : 0;
    return Math.min(limits.max, Math.max(limits.min, wanted));
  }

  /** Looks only at what is too old now: it is asked for every invocation that waits. */
  #recentCount(nowMs: number): number {
    const kept = this.#takenAtMs;
    let oldCount = 0;
    for (const atMs of kept) {
      if (nowMs - atMs < WINDOW_MS) break;
      oldCount += 1;
    }
    if (oldCount > 0) kept.splice(0, oldCount);
    return kept.length;
  }
}
