// What stops an invocation from outside: its own signal, or the halt of the worker. Joined by hand: a signal made by AbortSignal.any costs
// weak references, a finalizer and two events, which is as much as the rest of a warm invocation, so it is made only for those who must wait.
import type { StopReason } from '../core/ports/invoker.ts';

type OnStop = (reason: StopReason) => void;

/** The halt of a worker: comes once and stays. */
export class Halt {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<OnStop>();
  #reason: StopReason | null = null;

  get reason(): StopReason | null {
    return this.#reason;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  come(reason: StopReason): void {
    this.#reason ??= reason;
    this.#controller.abort(this.#reason);
    for (const listener of this.#listeners) listener(this.#reason);
  }

  add(listener: OnStop): void {
    this.#listeners.add(listener);
  }

  delete(listener: OnStop): void {
    this.#listeners.delete(listener);
  }
}

export class InvocationStop implements Disposable {
  readonly #own: AbortSignal;
  readonly #halt: Halt;
  #listener: OnStop | null = null;
  #isListening = false;
  #signal: AbortSignal | null = null;

  /** @param own its reason is a StopReason */
  constructor(own: AbortSignal, halt: Halt) {
    this.#own = own;
    this.#halt = halt;
  }

  /** Null until it comes. */
  get reason(): StopReason | null {
    return this.#own.aborted ? (this.#own.reason as StopReason) : this.#halt.reason;
  }

  /** For those who wait. */
  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([this.#own, this.#halt.signal]);
    return this.#signal;
  }

  /** Tells it to the last listener until disposed of; at once when it has come already. It may be told twice. */
  listen(listener: OnStop): void {
    if (this.reason !== null) {
      listener(this.reason);
      return;
    }
    this.#listener = listener;
    if (this.#isListening) return;
    this.#isListening = true;
    this.#halt.add(this.#tell);
    this.#own.addEventListener('abort', this.#onAbort, { once: true });
  }

  [Symbol.dispose](): void {
    this.#listener = null;
    if (!this.#isListening) return;
    this.#isListening = false;
    this.#halt.delete(this.#tell);
    this.#own.removeEventListener('abort', this.#onAbort);
  }

  readonly #tell = (reason: StopReason): void => {
    this.#listener?.(reason);
  };

  readonly #onAbort = (): void => {
    this.#tell(this.#own.reason as StopReason);
  };
}
