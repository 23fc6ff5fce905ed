// Counts what a plugin sends without being asked. A bucket of one second's worth that fills with time; time is passed in.
import { BYTES_PER_SECOND_MAX, LINES_PER_SECOND_MAX } from './stream-limits.ts';

export interface RateLimits {
  readonly linesPerSecond: number;
  readonly bytesPerSecond: number;
}

const DEFAULTS: RateLimits = { linesPerSecond: LINES_PER_SECOND_MAX, bytesPerSecond: BYTES_PER_SECOND_MAX };

export class MessageRate {
  readonly #limits: RateLimits;
  #lines: number;
  #bytes: number;
  #atMs: number | null = null;

  constructor(limits: RateLimits = DEFAULTS) {
    this.#limits = limits;
    this.#lines = limits.linesPerSecond;
    this.#bytes = limits.bytesPerSecond;
  }

  /** Takes one line of that many bytes out of the bucket; false when there is not enough left. */
  admits(bytes: number, nowMs: number): boolean {
    const seconds = Math.max(0, nowMs - (this.#atMs ?? nowMs)) / 1000;
    this.#atMs = nowMs;
    const { linesPerSecond, bytesPerSecond } = this.#limits;
    this.#lines = Math.min(linesPerSecond, this.#lines + seconds * linesPerSecond) - 1;
    this.#bytes = Math.min(bytesPerSecond, this.#bytes + seconds * bytesPerSecond) - bytes;
    return this.#lines >= 0 && this.#bytes >= 0;
  }
}
