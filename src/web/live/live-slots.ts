// Bounds how many live streams stand at once: each holds a socket and one chunk of text.
import { GantryError } from '../../core/errors/gantry-error.ts';

const RETRY_MS = 5_000;

export class LiveSlots {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @throws GantryError BUSY */
  take(): Disposable {
    if (this.#taken >= this.#max) {
      throw new GantryError('BUSY', `${String(this.#max)} live streams are open already.`, { retryAfterMs: RETRY_MS });
    }
    this.#taken += 1;
    let isFree = false;
    return {
      [Symbol.dispose]: () => {
        if (!isFree) this.#taken -= 1;
        isFree = true;
      },
    };
  }
}
