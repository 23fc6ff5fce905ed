// A pipe with a bound, as the kernel's: a write settles when the reader has taken enough, so back-pressure can be tested without an engine.

const CAPACITY_BYTES = 64 * 1024;

export class BoundedPipe<Item> {
  readonly #sizeOf: (item: Item) => number;
  readonly #items: Item[] = [];
  #heldBytes = 0;
  #isEnded = false;
  #isDiscarding = false;
  #failure: Error | null = null;
  #changed = Promise.withResolvers<undefined>();

  constructor(sizeOf: (item: Item) => number) {
    this.#sizeOf = sizeOf;
  }

  /** True when the last write has room in it. */
  get isTaking(): boolean {
    return this.#failure === null && !this.#isEnded && this.#heldBytes <= CAPACITY_BYTES;
  }

  /** Settles when no more than 64 KiB lie unread; rejects when the pipe is or gets broken. */
  async write(item: Item): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#isDiscarding) return;
    if (this.#isEnded) throw new Error('the pipe is closed');
    this.#items.push(item);
    this.#heldBytes += this.#sizeOf(item);
    this.#notify();
    while (this.#heldBytes > CAPACITY_BYTES) {
      await this.#changed.promise;
      this.#throwIfBroken();
    }
  }

  /** No more writes; what lies unread can still be read. */
  end(): void {
    this.#isEnded = true;
    this.#notify();
  }

  /** Readers and writers reject with the error, at once. */
  break(failure: Error): void {
    this.#failure ??= failure;
    this.#notify();
  }

  /** From now on everything written vanishes. */
  discard(): void {
    this.#isDiscarding = true;
    this.#items.length = 0;
    this.#heldBytes = 0;
    this.#notify();
  }

  async *read(): AsyncGenerator<Item, void, undefined> {
    for (;;) {
      this.#throwIfBroken();
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#heldBytes -= this.#sizeOf(item);
        this.#notify();
        yield item;
      } else if (this.#isEnded || this.#isDiscarding) {
        return;
      } else {
        await this.#changed.promise;
      }
    }
  }

  #throwIfBroken(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  #notify(): void {
    this.#changed.resolve(undefined);
    this.#changed = Promise.withResolvers<undefined>();
  }
}
