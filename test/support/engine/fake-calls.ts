// How the fake engine's calls can be held up, refused, aborted and lost.
import { raced } from '../../../src/core/deadline.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { CallOptions, ContainerEngine } from '../../../src/core/ports/container-engine.ts';

export type FakeOperation = Exclude<keyof ContainerEngine, 'isConnected' | 'onEvent' | 'onConnection' | symbol>;

export class FakeCalls {
  readonly #open = new Set<(reason: GantryError) => void>();
  readonly #gates = new Map<FakeOperation, PromiseWithResolvers<undefined>>();
  readonly #refusals = new Map<FakeOperation, Error[]>();
  readonly #made = new Map<FakeOperation, number>();
  #lost: GantryError | null = null;

  get lost(): GantryError | null {
    return this.#lost;
  }

  /** How often the operation was called. */
  count(operation: FakeOperation): number {
    return this.#made.get(operation) ?? 0;
  }

  /** How many calls of any operation were made. */
  get total(): number {
    return [...this.#made.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Holds every coming call of the operation until the returned function is called. */
  hold(operation: FakeOperation): () => void {
    const gate = Promise.withResolvers<undefined>();
    this.#gates.set(operation, gate);
    return () => {
      this.#gates.delete(operation);
      gate.resolve(undefined);
    };
  }

  /** Lets the next `times` calls of the operation reject with the error. */
  refuse(operation: FakeOperation, error: Error, times = 1): void {
    const queue = this.#refusals.get(operation) ?? [];
    this.#refusals.set(operation, [...queue, ...Array.from({ length: times }, () => error)]);
  }

  lose(message: string): GantryError {
    const reason = new GantryError('DOCKER_UNAVAILABLE', message);
    this.#lost = reason;
    const open = [...this.#open];
    this.#open.clear();
    for (const end of open) end(reason);
    return reason;
  }

  find(): void {
    this.#lost = null;
  }

  whileOpen(end: (reason: GantryError) => void): Disposable {
    this.#open.add(end);
    return { [Symbol.dispose]: () => void this.#open.delete(end) };
  }

  /** Passes the gate and the refusals, then does the work; rejects when the signal aborts or the engine is lost. */
  async run<T>(operation: FakeOperation, { signal }: CallOptions, work: () => T | Promise<T>): Promise<T> {
    this.#made.set(operation, this.count(operation) + 1);
    signal.throwIfAborted();
    if (this.#lost !== null) throw this.#lost;
    return await this.until(signal, this.#pass(operation, work));
  }

  /** Settles as the work does, unless the signal aborts or the engine is lost first. */
  async until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
    const controller = new AbortController();
    using _open = this.whileOpen((reason) => {
      controller.abort(reason);
    });
    return await raced(work, AbortSignal.any([signal, controller.signal]));
  }

  async #pass<T>(operation: FakeOperation, work: () => T | Promise<T>): Promise<T> {
    await (this.#gates.get(operation)?.promise ?? Promise.resolve());
    const refusal = this.#refusals.get(operation)?.shift();
    if (refusal !== undefined) throw refusal;
    return await work();
  }
}
