// A memory store whose operations can be held up, lose their answers, or be taken away for a while.
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { Store, StoreOptions } from '../../../src/core/ports/store.ts';
import { MemoryStore } from '../store/memory-store.ts';

type Operation = keyof Store & string;

export class HangingStore extends MemoryStore {
  /** operations that were begun, by name */
  readonly counts = new Map<string, number>();
  isAway = false;
  readonly #held = new Map<Operation, Promise<unknown>>();
  readonly #mute = new Set<Operation>();

  /** The next calls of the operation wait until the returned function is called. */
  hold(operation: Operation): () => void {
    const gate = Promise.withResolvers<undefined>();
    this.#held.set(operation, gate.promise);
    return () => {
      this.#held.delete(operation);
      gate.resolve(undefined);
    };
  }

  /** The next call of the operation is applied, but its answer is lost. */
  loseAnswer(operation: Operation): void {
    this.#mute.add(operation);
  }

  protected override async perform<T>(operation: Operation, options: StoreOptions, work: () => T): Promise<T> {
    this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1);
    const { signal } = options;
    if (this.isAway) throw new GantryError('STORE_UNAVAILABLE', 'connection refused');
    await this.#held.get(operation);
    const value = await super.perform(operation, { signal }, work);
    if (this.#mute.delete(operation)) throw new GantryError('STORE_TIMEOUT', 'the answer was lost');
    return value;
  }
}
