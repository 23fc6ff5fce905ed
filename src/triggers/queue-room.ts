// The bound of each pipeline's queue. Counting the store at every start would be slow and would let simultaneous requests slip past each
// other, so this keeps an upper estimate in memory: last count + everything let in since. Runs that left the queue only make it too
// high; when it reaches the bound, one recount is made for all who wait, after the inserts under way have landed (so it is exact).
import type { Store, StoreOptions } from '../core/ports/store.ts';

interface Queue {
  /** never below the true number of queued runs, as far as this process is the one that inserts */
  estimate: number;
  /** inserts whose end is not known yet */
  readonly inserting: Set<Promise<void>>;
  recount: Promise<void> | null;
}

export interface Admission {
  /** Call when the insert has ended; false when no run was added to the queue. */
  settle(isAdded: boolean): void;
}

export class QueueRoom {
  readonly #store: Pick<Store, 'countQueued'>;
  readonly #maxQueued: number;
  readonly #queues = new Map<string, Queue>();

  constructor(store: Pick<Store, 'countQueued'>, maxQueued: number) {
    this.#store = store;
    this.#maxQueued = maxQueued;
  }

  /** Reserves one place. Null: the queue is full. @throws GantryError of the store */
  async enter(pipeline: string, options: StoreOptions): Promise<Admission | null> {
    const queue = this.#queueOf(pipeline);
    if (queue.estimate >= this.#maxQueued) {
      queue.recount ??= this.#recount(pipeline, queue, options).finally(() => {
        queue.recount = null;
      });
      await queue.recount;
    }
    return queue.estimate >= this.#maxQueued ? null : this.#admit(queue);
  }

  #admit(queue: Queue): Admission {
    queue.estimate += 1;
    const landed = Promise.withResolvers<undefined>();
    queue.inserting.add(landed.promise);
    return {
      settle: (isAdded) => {
        if (!isAdded) queue.estimate -= 1;
        queue.inserting.delete(landed.promise);
        landed.resolve(undefined);
      },
    };
  }

  async #recount(pipeline: string, queue: Queue, options: StoreOptions): Promise<void> {
    // Nobody is let in while the estimate is at the bound, so this ends; each insert has a deadline of its own.
    while (queue.inserting.size > 0) await Promise.all(queue.inserting);
    queue.estimate = await this.#store.countQueued(pipeline, this.#maxQueued, options);
  }

  #queueOf(pipeline: string): Queue {
    const known = this.#queues.get(pipeline);
    if (known !== undefined) return known;
    // At the bound from the start: the first request counts.
    const queue: Queue = { estimate: this.#maxQueued, inserting: new Set(), recount: null };
    this.#queues.set(pipeline, queue);
    return queue;
  }
}
