// A container's stdin, stdout and stderr over one hijacked socket. Nobody reading leaves the socket paused, so the plugin's writes stop.
// After the hijack no AbortSignal reaches the socket any more: whoever holds an attachment must dispose of it.
import type { Socket } from 'node:net';
import { raced } from '../../core/deadline.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { Attachment, CallOptions, OutputChunk } from '../../core/ports/container-engine.ts';
import { Demux } from './demux.ts';
import type { EngineCalls } from './engine-calls.ts';
import { unavailable } from './engine-errors.ts';

export class SocketAttachment implements Attachment {
  readonly output: AsyncIterable<OutputChunk>;
  readonly #calls: EngineCalls;
  readonly #socket: Socket;
  readonly #open: Disposable;
  #isDisposed = false;
  #lost: GantryError | null = null;

  constructor(socket: Socket, calls: EngineCalls) {
    this.#socket = socket;
    this.#calls = calls;
    this.#open = calls.whileOpen((reason) => {
      this.#lost = reason;
      socket.destroy(reason);
    });
    // Without a listener an error between two reads would end the process; readers and writers see it on their own.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#open[Symbol.dispose]();
    });
    this.output = this.#read();
  }

  async *#read(): AsyncGenerator<OutputChunk, void, undefined> {
    const demux = new Demux();
    try {
      for await (const chunk of this.#socket.iterator({ destroyOnReturn: false })) yield* demux.split(chunk as Buffer);
    } catch (thrown) {
      if (this.#isDisposed) return;
      throw this.#lost ?? unavailable(thrown, this.#calls.address);
    }
    if (this.#lost !== null) throw this.#lost;
  }

  async write(bytes: Uint8Array, options: CallOptions): Promise<void> {
    options.signal.throwIfAborted();
    const written = Promise.withResolvers<undefined>();
    this.#socket.write(bytes, (error) => {
      if (error) written.reject(this.#gone(error));
      else written.resolve(undefined);
    });
    await raced(written.promise, options.signal);
  }

  closeInput(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#open[Symbol.dispose]();
    this.#socket.destroy();
  }

  /** A write that fails while the engine stands means that the container ended: not the engine's failure. */
  #gone(cause: Error): GantryError {
    if (this.#lost !== null) return this.#lost;
    return new GantryError('ENGINE_FAILED', `the stream to the container is gone: ${messageOf(cause)}`, { cause });
  }
}
