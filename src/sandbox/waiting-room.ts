// How many invocations may wait for a sandbox: in all, and of one pipeline, so that one that floods cannot fill the line for the others.
// Those that find a sandbox ready never enter.
import { GantryError } from '../core/errors/gantry-error.ts';

export interface WaitingLimits {
  readonly total: number;
  readonly perPipeline: number;
}

export class WaitingRoom {
  readonly #limits: WaitingLimits;
  readonly #waiting = new Map<string, number>();
  #size = 0;

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** A guess: a second for every round of waiting ones. */
  get retryAfterMs(): number {
    return Math.min(30_000, 1_000 * (1 + Math.floor(this.#size / 10)));
  }

  /** A place; dispose of it when the wait is over. @throws GantryError BUSY when there is none */
  enter(pipeline: string): Disposable {
    const own = this.#waiting.get(pipeline) ?? 0;
    if (own >= this.#limits.perPipeline) throw this.#full(`${own} invocations of this pipeline`);
    if (this.#size >= this.#limits.total) throw this.#full(`${this.#size} invocations`);
    this.#waiting.set(pipeline, own + 1);
    this.#size += 1;
    return {
      [Symbol.dispose]: () => {
        this.#leave(pipeline);
      },
    };
  }

  #leave(pipeline: string): void {
    const left = (this.#waiting.get(pipeline) ?? 1) - 1;
    if (left === 0) this.#waiting.delete(pipeline);
    else this.#waiting.set(pipeline, left);
    this.#size -= 1;
  }

  #full(who: string): GantryError {
    return new GantryError('BUSY', `${who} wait for a sandbox already`, { retryAfterMs: this.retryAfterMs });
  }
}
