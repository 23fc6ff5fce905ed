// A container's stdin, stdout and stderr over one hijacked socket. Nobody reading leaves the socket paused, so the plugin's writes stop.
// After the hijack no AbortSignal reaches the socket any more: whoever holds an attachment must dispose of it.
import type { Socket } from 'node:net';
import { raced } from '../../core/deadline.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { Attachment, CallOptions, OutputListener } from '../../core/ports/container-engine.ts';
import { Demux } from './demux.ts';
import type { EngineCalls } from './engine-calls.ts';
import { unavailable } from './engine-errors.ts';

export class SocketAttachment implements Attachment {
  readonly #calls: EngineCalls;
  readonly #socket: Socket;
  readonly #open: Disposable;
  readonly #readOut = Promise.withResolvers<undefined>();
  #isDisposed = false;
  #lost: GantryError | null = null;
  #readError: unknown = null;
  /** writes whose end has not been told */
  #unsent = 0;
  #writeError: Error | null = null;
  #flushed: PromiseWithResolvers<undefined> | null = null;

  constructor(socket: Socket, calls: EngineCalls) {
    this.#socket = socket;
    this.#calls = calls;
    this.#open = calls.whileOpen((reason) => {
      this.#lost = reason;
      socket.destroy(reason);
    });
    // The agent of the request that it came from has put a time-out on it, which every byte would wind up anew.
    socket.setTimeout(0);
    // Without a listener an error between two reads would end the process; readers and writers see it on their own.
    socket.on('error', (error) => {
      this.#readError ??= error;
    });
    socket.once('end', this.#readOut.resolve);
    socket.once('close', () => {
      this.#open[Symbol.dispose]();
      this.#readError ??= socket.readableEnded ? null : new Error('the connection was closed');
      this.#readOut.resolve(undefined);
    });
  }

  async read(listener: OutputListener): Promise<void> {
    const demux = new Demux();
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        demux.split(chunk, listener);
      } catch (thrown) {
        this.#readError = thrown;
        this.#socket.destroy();
      }
    });
    await this.#readOut.promise;
    if (this.#isDisposed) return;
    if (this.#lost !== null) throw this.#lost;
    if (this.#readError !== null) throw unavailable(this.#readError, this.#calls.address);
  }

  write(bytes: Uint8Array): boolean {
    this.#unsent += 1;
    this.#socket.write(bytes, this.#onSent);
    // What the kernel takes at once has left already, though its end is told a moment later.
    return this.#socket.writable && this.#socket.writableLength === 0;
  }

  async flushed({ signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    if (this.#writeError !== null) throw this.#gone(this.#writeError);
    if (this.#unsent === 0) return;
    this.#flushed ??= Promise.withResolvers();
    await raced(this.#flushed.promise, signal);
  }

  closeInput(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#open[Symbol.dispose]();
    this.#socket.destroy();
  }

  readonly #onSent = (error?: Error | null): void => {
    this.#unsent -= 1;
    this.#writeError ??= error ?? null;
    if (this.#writeError !== null) this.#flushed?.reject(this.#gone(this.#writeError));
    else if (this.#unsent === 0) this.#flushed?.resolve(undefined);
    else return;
    this.#flushed = null;
  };

  /** A write that fails while the engine stands means that the container ended: not the engine's failure. */
  #gone(cause: Error): GantryError {
    if (this.#lost !== null) return this.#lost;
    return new GantryError('ENGINE_FAILED', `the stream to the container is gone: ${messageOf(cause)}`, { cause });
  }
}
