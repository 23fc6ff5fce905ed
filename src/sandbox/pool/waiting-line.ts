// Those who wait for something that comes one by one, fair to their keys. Whoever gives up leaves the line at once.
import { FairQueue } from './fair-queue.ts';
import type { WaitSignal } from './patience.ts';

interface Waiter<Thing> {
  readonly wanted: string;
  readonly resolve: (thing: Thing) => void;
  readonly reject: (error: unknown) => void;
}

export class WaitingLine<Thing> {
  readonly #queue = new FairQueue<Waiter<Thing>>();

  get size(): number {
    return this.#queue.size;
  }

  /** What the next one asked for; null when nobody waits. */
  get wanted(): string | null {
    return this.#queue.peek()?.wanted ?? null;
  }

  /**
   * Stands in line from the moment of the call. Rejects with the signal's reason, or as `refuseAll` says.
   * @param onRefused called before it rejects
   */
  async wait(key: string, wanted: string, signal: WaitSignal, onRefused: () => void): Promise<Thing> {
    const had = Promise.withResolvers<Thing>();
    const waiter: Waiter<Thing> = { wanted, resolve: had.resolve, reject: had.reject };
    const onAbort = (): void => {
      if (this.#queue.remove(key, waiter)) had.reject(signal.reason);
    };
    this.#queue.push(key, waiter);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await had.promise;
    } catch (error) {
      onRefused();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Gives the thing to the next one; false when nobody waits. */
  serve(thing: Thing): boolean {
    const waiter = this.#queue.shift();
    waiter?.resolve(thing);
    return waiter !== null;
  }

  refuseAll(error: unknown): void {
    for (let waiter = this.#queue.shift(); waiter !== null; waiter = this.#queue.shift()) waiter.reject(error);
  }
}
