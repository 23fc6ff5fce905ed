// Small numbers for live sandboxes, each in use once: the numeric user of a container comes from its slot.

export class Slots {
  readonly #taken = new Set<number>();
  readonly #count: number;
  #next = 0;

  /** @param count how many there are; far above what an engine can run at once */
  constructor(count = 20_000) {
    this.#count = count;
  }

  take(): number {
    while (this.#taken.has(this.#next)) this.#next = (this.#next + 1) % this.#count;
    const slot = this.#next;
    this.#taken.add(slot);
    // Going round instead of taking the lowest keeps a user id unused for long after its sandbox is gone.
    this.#next = (slot + 1) % this.#count;
    return slot;
  }

  free(slot: number): void {
    this.#taken.delete(slot);
  }
}
