// Named pipes in memory beside the fake engine, proven by the contract suite: what the container says on the fake engine's stdout is what it
// writes into its pipe, as far as its command was put on the pipes.
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { SandboxId } from '../../../src/core/ids.ts';
import type { Attachment, CallOptions } from '../../../src/core/ports/container-engine.ts';
import type { NamedPipes, PipePair } from '../../../src/core/ports/named-pipes.ts';

export class FakePair implements PipePair {
  readonly folder: string;
  readonly groupId: number;
  readonly opened: Promise<undefined>;
  isOpened = false;
  isDisposed = false;
  readonly #opened = Promise.withResolvers<undefined>();
  readonly #onDisposed: () => void;

  constructor(folder: string, groupId: number, onDisposed: () => void) {
    this.folder = folder;
    this.groupId = groupId;
    this.opened = this.#opened.promise;
    this.#onDisposed = onDisposed;
  }

  join(engine: Attachment): Attachment {
    return {
      read: (listener) =>
        engine.read((stream, bytes) => {
          if (stream === 'stderr') listener('stderr', bytes);
          else
            this.#take(bytes, (rest) => {
              listener('stdout', rest);
            });
        }),
      write: (bytes) => engine.write(bytes),
      flushed: (options) => engine.flushed(options),
      closeInput: () => {
        engine.closeInput();
      },
      [Symbol.dispose]: () => {
        engine[Symbol.dispose]();
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (!this.isDisposed) this.#onDisposed();
    this.isDisposed = true;
    return Promise.resolve();
  }

  /** The first byte is that of `echo`; whatever comes without one was never written into a pipe. */
  #take(bytes: Uint8Array, pass: (rest: Uint8Array) => void): void {
    if (this.isOpened) {
      pass(bytes);
      return;
    }
    if (bytes[0] !== 0x0a) return;
    this.isOpened = true;
    this.#opened.resolve(undefined);
    if (bytes.length > 1) pass(bytes.subarray(1));
  }
}

export class FakePipes implements NamedPipes {
  readonly pairs: FakePair[] = [];
  readonly folders = new Set<string>();
  /** what the next `make` rejects with */
  failure: GantryError | null = null;
  sweeps = 0;

  make(id: SandboxId, groupId: number, { signal }: CallOptions): Promise<PipePair> {
    signal.throwIfAborted();
    const folder = `/pipes/${id}`;
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.folders.has(folder)) return Promise.reject(new GantryError('START_FAILED', `${folder} is there`));
    this.folders.add(folder);
    const pair = new FakePair(folder, groupId, () => void this.folders.delete(folder));
    this.pairs.push(pair);
    return Promise.resolve(pair);
  }

  sweep(): Promise<void> {
    this.sweeps += 1;
    return Promise.resolve();
  }
}
