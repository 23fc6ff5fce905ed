// Ids from the system's clock and random source. Within one millisecond the time is moved on by one, so ids of one source always ascend.
// Random bytes are fetched by the page: a fetch for each id costs more than the id. Each byte is used once.
import { randomFillSync } from 'node:crypto';
import { formatId, type IdByPrefix, type IdPrefix } from '../../core/ids.ts';
import type { IdSource } from '../../core/ports/id-source.ts';

const PAGE_BYTES = 4096;

export class SystemIds implements IdSource {
  #lastMs = 0;
  #page = Buffer.alloc(PAGE_BYTES);
  #usedBytes = PAGE_BYTES;

  newId<P extends IdPrefix>(prefix: P): IdByPrefix[P] {
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 1);
    return formatId(prefix, this.#lastMs, this.#take(10));
  }

  randomHex(byteCount: number): string {
    return this.#take(byteCount).toString('hex');
  }

  /** Valid until the next one is taken. */
  #take(byteCount: number): Buffer {
    if (this.#usedBytes + byteCount > this.#page.length) {
      if (byteCount > this.#page.length) this.#page = Buffer.alloc(byteCount);
      randomFillSync(this.#page);
      this.#usedBytes = 0;
    }
    this.#usedBytes += byteCount;
    return this.#page.subarray(this.#usedBytes - byteCount, this.#usedBytes);
  }
}
