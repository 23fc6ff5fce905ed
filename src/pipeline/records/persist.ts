// A store operation that must not be given up lightly: each try has a deadline, an unreachable store is tried again with backoff until
// a given moment. `isRepeat` tells the operation that an earlier try may have been applied, so that it looks before it judges.
import { deadlineWithin, raced } from '../../core/deadline.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { Clock, Deadline } from '../../core/ports/clock.ts';
import type { Logger } from '../../core/ports/logger.ts';
import type { StoreOptions } from '../../core/ports/store.ts';

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 2_000;

export interface PersistOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly storeTimeoutMs: number;
  /** monotonic milliseconds; at least one try is made */
  readonly giveUpAtMs: number;
  /** aborts when the result is not wanted any more */
  readonly abandon: AbortSignal;
}

/** @throws GantryError the last failure, or the reason of `abandon` */
export async function persist<T>(
  options: PersistOptions,
  operation: string,
  write: (store: StoreOptions, isRepeat: boolean) => Promise<T>,
): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS, isRepeat = false; ; isRepeat = true) {
    try {
      return await tryOnce(options, operation, (store) => write(store, isRepeat));
    } catch (error) {
      options.abandon.throwIfAborted();
      if (!isTransient(error) || options.clock.monotonicMs() + pauseMs > options.giveUpAtMs) throw error;
      options.logger.log('warn', 'a store write is tried again', { operation, pauseMs, cause: error.message });
    }
    await options.clock.sleep(pauseMs, options.abandon);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

type TryOptions = Pick<PersistOptions, 'clock' | 'storeTimeoutMs'> & { readonly abandon?: AbortSignal };

/**
 * One try with the deadline of a store operation. The timer is made when the store asks for the signal: one that answers from memory does not.
 * @throws GantryError STORE_TIMEOUT when the store does not settle in time
 */
export async function tryOnce<T>(
  options: TryOptions,
  operation: string,
  work: (store: StoreOptions) => Promise<T>,
): Promise<T> {
  const { storeTimeoutMs, abandon } = options;
  abandon?.throwIfAborted();
  using limit = new Limit(options);
  try {
    const pending = work(limit);
    return await (limit.isAsked ? raced(pending, limit.signal) : pending);
  } catch (error) {
    abandon?.throwIfAborted();
    if (!limit.isOver || error instanceof GantryError) throw error;
    throw new GantryError('STORE_TIMEOUT', `${operation}: no answer within ${String(storeTimeoutMs)} ms`, {
      cause: error,
    });
  }
}

/** The deadline of one try, and what the caller abandons it by. */
class Limit implements StoreOptions, Disposable {
  readonly #options: TryOptions;
  #deadline: Deadline | null = null;
  #signal: AbortSignal | null = null;

  constructor(options: TryOptions) {
    this.#options = options;
  }

  get isAsked(): boolean {
    return this.#signal !== null;
  }

  get isOver(): boolean {
    return this.#signal?.aborted === true;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#arm();
    return this.#signal;
  }

  [Symbol.dispose](): void {
    this.#deadline?.[Symbol.dispose]();
  }

  #arm(): AbortSignal {
    const { clock, storeTimeoutMs, abandon } = this.#options;
    this.#deadline =
      abandon === undefined ? clock.deadline(storeTimeoutMs) : deadlineWithin(clock, storeTimeoutMs, abandon);
    return this.#deadline.signal;
  }
}

function isTransient(error: unknown): error is GantryError {
  return error instanceof GantryError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_TIMEOUT');
}
