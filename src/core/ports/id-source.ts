// Where new ids and random bytes come from; a port, so that tests can fix them.
import type { IdByPrefix, IdPrefix } from '../ids.ts';

export interface IdSource {
  /** A new id, greater than every earlier one of this source. */
  newId<P extends IdPrefix>(prefix: P): IdByPrefix[P];
  /** Unpredictable lower-case hex of `byteCount` bytes. */
  randomHex(byteCount: number): string;
}
