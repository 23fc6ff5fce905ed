// First come, first served per key, and the keys in turn: one busy pipeline cannot make the others wait for its whole backlog.

export class FairQueue<Item> {
  /** In order of turn: the first key is served next. */
  readonly #queues = new Map<string, [Item, ...Item[]]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(key: string, item: Item): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, [item]);
    else queue.push(item);
    this.#size += 1;
  }

  /** Who is next, without serving it. */
  peek(): Item | null {
    for (const [next] of this.#queues.values()) return next;
    return null;
  }

  /** Serves the next one and moves its key to the end. */
  shift(): Item | null {
    for (const [key, queue] of this.#queues) {
      const [next] = queue;
      queue.shift();
      this.#queues.delete(key);
      if (queue.length > 0) this.#queues.set(key, queue);
      this.#size -= 1;
      return next;
    }
    return null;
  }

  /** False when it was not waiting (any more). */
  remove(key: string, item: Item): boolean {
    const queue = this.#queues.get(key);
    const index = queue?.indexOf(item) ?? -1;
    if (queue === undefined || index < 0) return false;
    queue.splice(index, 1);
    if (queue.length === 0) this.#queues.delete(key);
    this.#size -= 1;
    return true;
  }
}
