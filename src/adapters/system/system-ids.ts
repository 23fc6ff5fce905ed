// Ids from the system's clock and random source. Within one millisecond the time is moved on by one, so ids of one source always ascend.
import { randomBytes } from 'node:crypto';
import { formatId, type IdByPrefix, type IdPrefix } from '../../core/ids.ts';
import type { IdSource } from '../../core/ports/id-source.ts';

export class SystemIds implements IdSource {
  #lastMs = 0;

  newId<P extends IdPrefix>(prefix: P): IdByPrefix[P] {
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 1);
    return formatId(prefix, this.#lastMs, randomBytes(10));
  }

  randomHex(byteCount: number): string {
    return randomBytes(byteCount).toString('hex');
  }
}
