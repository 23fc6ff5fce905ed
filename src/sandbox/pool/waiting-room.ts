// How many invocations may wait for a sandbox: in all, and of one pipeline, so that one that floods cannot fill the line for the others.
// Those that find a sandbox ready never enter.
import { GantryError } from '../../core/errors/gantry-error.ts';

export interface WaitingLimits {
  readonly total: number;
  readonly perPipeline: number;
}

export class WaitingRoom {
  readonly #limits: WaitingLimits;
  readonly #shares = new Map<string, { waiting: number }>();
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
    const own = this.#shares.get(pipeline) ?? { waiting: 0 };
    if (own.waiting >= this.#limits.perPipeline) throw this.#full(`${own.waiting} invocations of this pipeline`);
    if (this.#size >= this.#limits.total) throw this.#full(`${this.#size} invocations`);
    this.#shares.set(pipeline, own);
    own.waiting += 1;
    this.#size += 1;
    return {
      [Symbol.dispose]: () => {
        own.waiting -= 1;
        this.#size -= 1;
        if (own.waiting === 0) this.#shares.delete(pipeline);
      },
    };
  }

  #full(who: string): GantryError {
    return new GantryError('BUSY', `${who} wait for a sandbox already`, { retryAfterMs: this.retryAfterMs });
  }
}
