// Writes of one key happen one after another in the order of the calls; different keys go at once. What timed out while it waited never
// happens. Bounded: beyond the bound it refuses at once.
import { GantryError } from '../../core/errors/gantry-error.ts';

const WAITING_MAX = 10_000;

export function timedOut(signal: AbortSignal): GantryError {
  return new GantryError('STORE_TIMEOUT', 'the store did not answer in time', { cause: signal.reason });
}

export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #isSerial: boolean;
  #waiting = 0;

  /** @param isSerial treat all keys as one, for a server whose updates are not atomic */
  constructor(isSerial: boolean) {
    this.#isSerial = isSerial;
  }

  /** @throws GantryError STORE_UNAVAILABLE when full, STORE_TIMEOUT when its turn came too late; else as the work */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WAITING_MAX) {
      throw new GantryError('STORE_UNAVAILABLE', 'store: too many operations wait for the server');
    }
    const queue = this.#isSerial ? '' : key;
    const before = this.#tails.get(queue) ?? Promise.resolve();
    const turn = before.then(async () => {
      if (signal.aborted) throw timedOut(signal);
      return await work();
    });
    const tail = turn.catch(() => undefined);
    this.#tails.set(queue, tail);
    this.#waiting += 1;
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
      if (this.#tails.get(queue) === tail) this.#tails.delete(queue);
    }
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
