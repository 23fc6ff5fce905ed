// Lets only so many pieces of work hold their memory at once; the others wait their turn, first come first served, or give up.
import { raced } from '../../core/deadline.ts';

export class Turns {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(width: number) {
    this.#free = width;
  }

  /** Rejects with the signal's reason when it aborts before the turn came; from then on the work has to heed it. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const turn = Promise.withResolvers<undefined>();
    const take = (): void => {
      turn.resolve(undefined);
    };
    this.#waiting.add(take);
    try {
      await raced(turn.promise, signal);
    } catch (reason) {
      // The turn may have come in the same moment: then it goes to the next.
      if (!this.#waiting.delete(take)) this.#leave();
      throw reason;
    }
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
