// The event loop's side of the database thread: gathers operations while a group is under way, sends them as the next one.
// Bounded: beyond its bounds it refuses at once. Whatever happens to the thread, nobody waits for ever.
import { Worker } from 'node:worker_threads';
import { raced } from '../../core/deadline.ts';
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { GroupEnd, Request } from './group-executor.ts';
import type { OperationName } from './operations.ts';
import { weightOf } from './record-map.ts';
import { type ErrorFacts, errorOf } from './sqlite-error.ts';

export interface LinkBounds {
  /** operations that may wait */
  readonly operationsMax: number;
  /** their weight */
  readonly bytesMax: number;
}

export const DEFAULT_BOUNDS: LinkBounds = { operationsMax: 10_000, bytesMax: 256 * 1024 * 1024 };

/** A group is cut off here, so that one commit stays short. */
const GROUP_OPERATIONS_MAX = 500;
const GROUP_BYTES_MAX = 32 * 1024 * 1024;

interface Waiting {
  readonly request: Request;
  readonly weight: number;
  readonly settle: PromiseWithResolvers<unknown>;
}

function timedOut(signal: AbortSignal): GantryError {
  return new GantryError('STORE_TIMEOUT', 'the store did not answer in time', { cause: signal.reason });
}

export class WorkerLink {
  readonly #path: string;
  readonly #bounds: LinkBounds;
  readonly #worker: Worker;
  readonly #opened = Promise.withResolvers<undefined>();
  readonly #exited = Promise.withResolvers<undefined>();
  #underWay: readonly Waiting[] = [];
  #waiting = new Set<Waiting>();
  #weight = 0;
  #isPumping = false;
  #end: GantryError | null = null;
  #drained: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  constructor(path: string, bounds: LinkBounds) {
    this.#path = path;
    this.#bounds = bounds;
    this.#opened.promise.catch(() => undefined);
    this.#worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData: path });
    this.#worker.on('message', (message: 'open' | GroupEnd | ErrorFacts) => {
      if (message === 'open') this.#opened.resolve(undefined);
      else if ('message' in message) this.#fail(errorOf(message, path));
      else this.#settle(message);
    });
    this.#worker.on('error', (error) => {
      this.#fail(new GantryError('STORE_UNAVAILABLE', `store ${path}: its thread died`, { cause: error }));
    });
    this.#worker.on('exit', () => {
      this.#fail(new GantryError('STORE_UNAVAILABLE', `store ${path} is closed`));
      this.#exited.resolve(undefined);
    });
  }

  /** Resolves when the database is open. @throws GantryError */
  async opened(signal: AbortSignal): Promise<void> {
    await raced(this.#opened.promise, signal).catch((error: unknown) => {
      throw signal.aborted ? timedOut(signal) : error;
    });
  }

  /** @throws GantryError STORE_UNAVAILABLE, STORE_TIMEOUT, STORE_FAILED; an operation that was not yet sent at its timeout never happens */
  async submit(name: OperationName, parameters: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    if (this.#end !== null) throw this.#end;
    if (this.#closing !== null) throw new GantryError('STORE_UNAVAILABLE', `store ${this.#path} is closing`);
    if (signal.aborted) throw timedOut(signal);
    const weight = weightOf(parameters);
    this.#checkRoom(weight);
    const settle = Promise.withResolvers<unknown>();
    const waiting: Waiting = { request: [name, parameters], weight, settle };
    this.#waiting.add(waiting);
    this.#weight += weight;
    this.#pumpSoon();
    const abort = (): void => {
      if (this.#waiting.delete(waiting)) this.#weight -= weight;
      settle.reject(timedOut(signal));
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await settle.promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Lets what waits finish, then closes the file. Resolves when the thread has ended. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#end === null && this.#waiting.size + this.#underWay.length > 0) {
      const drained = Promise.withResolvers<undefined>();
      this.#drained = () => {
        drained.resolve(undefined);
      };
      await drained.promise;
    }
    if (this.#end === null) this.#worker.postMessage('close');
    await this.#exited.promise;
  }

  #checkRoom(weight: number): void {
    const isFull = this.#waiting.size >= this.#bounds.operationsMax || this.#weight + weight > this.#bounds.bytesMax;
    if (isFull)
      throw new GantryError('STORE_UNAVAILABLE', `store ${this.#path}: too many operations wait for the disk`);
  }

  /** All that this turn of the event loop writes goes together. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#end !== null || this.#underWay.length > 0) return;
    const group = this.#nextGroup();
    this.#underWay = group;
    if (group.length > 0) this.#worker.postMessage(group.map(({ request }) => request));
    else this.#drained?.();
  }

  #nextGroup(): readonly Waiting[] {
    const group: Waiting[] = [];
    let weight = 0;
    for (const waiting of this.#waiting) {
      if (group.length >= GROUP_OPERATIONS_MAX || (weight > 0 && weight + waiting.weight > GROUP_BYTES_MAX)) break;
      weight += waiting.weight;
      this.#waiting.delete(waiting);
      group.push(waiting);
    }
    this.#weight -= weight;
    return group;
  }

  #settle({ values, failures }: GroupEnd): void {
    const group = this.#underWay;
    this.#underWay = [];
    for (const [index, facts] of failures) group[index]?.settle.reject(errorOf(facts, this.#path));
    for (const [index, { settle }] of group.entries()) settle.resolve(values[index]);
    this.#pump();
  }

  #fail(error: GantryError): void {
    this.#end ??= error;
    this.#opened.reject(this.#end);
    for (const waiting of [...this.#underWay, ...this.#waiting]) waiting.settle.reject(this.#end);
    this.#underWay = [];
    this.#waiting = new Set();
    this.#weight = 0;
    this.#drained?.();
  }
}
