// A fixed amount of CPU or memory that sandboxes draw from, with a fair line for those who must wait. More than the whole is cut down to the
// whole, so that a big plugin runs alone instead of never.
import { FairQueue } from './fair-queue.ts';
import type { WaitSignal } from './patience.ts';

export interface Holding {
  readonly amount: number;
  /** Returns the tokens; a second call does nothing. */
  release(): void;
}

interface Waiter {
  readonly amount: number;
  readonly grant: (holding: Holding) => void;
}

export class Tokens {
  readonly #total: number;
  readonly #onChange: (usedRatio: number) => void;
  readonly #line = new FairQueue<Waiter>();
  #used = 0;
  /** by those who wait */
  #asked = 0;

  constructor(total: number, onChange: (usedRatio: number) => void) {
    this.#total = total;
    this.#onChange = onChange;
  }

  get usedRatio(): number {
    return this.#total === 0 ? 1 : this.#used / this.#total;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** What those who wait lack together; not above 0 when all could be served. */
  get shortBy(): number {
    return this.#asked - (this.#total - this.#used);
  }

  /** At once, or not at all; never past those who wait. */
  tryTake(amount: number): Holding | null {
    const capped = Math.min(amount, this.#total);
    return this.#line.size === 0 && this.#fits(capped) ? this.#hold(capped) : null;
  }

  /** Waits in line. Rejects with the signal's reason, holding nothing. */
  async take(key: string, amount: number, signal: WaitSignal): Promise<Holding> {
    signal.throwIfAborted();
    const atOnce = this.tryTake(amount);
    if (atOnce !== null) return atOnce;
    const granted = Promise.withResolvers<Holding>();
    const waiter: Waiter = { amount: Math.min(amount, this.#total), grant: granted.resolve };
    const onAbort = (): void => {
      if (!this.#line.remove(key, waiter)) return;
      this.#asked -= waiter.amount;
      granted.reject(signal.reason);
      this.#serve();
    };
    this.#line.push(key, waiter);
    this.#asked += waiter.amount;
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await granted.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #fits(amount: number): boolean {
    // Sums of decimal cores carry rounding errors: a billionth over is not over.
    return this.#used + amount <= this.#total * (1 + 1e-9);
  }

  #hold(amount: number): Holding {
    this.#change(amount);
    let isHeld = true;
    return {
      amount,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#change(-amount);
        this.#serve();
      },
    };
  }

  #serve(): void {
    for (let next = this.#line.peek(); next !== null && this.#fits(next.amount); next = this.#line.peek()) {
      this.#line.shift();
      this.#asked -= next.amount;
      next.grant(this.#hold(next.amount));
    }
  }

  #change(amount: number): void {
    this.#used = Math.max(0, this.#used + amount);
    this.#onChange(this.usedRatio);
  }
}
