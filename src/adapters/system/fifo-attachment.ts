// A sandbox's stdin and stdout over named pipes, its stderr over the engine's stream. Surprise: that a pipe was never opened by the other
// side, or was let go by it, looks the same as silence. So when the engine's stream is over, the output pipe is opened and closed once by
// ourselves: that ends it as soon as it is read out and nobody writes.
import { close, constants, open, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { raced } from '../../core/deadline.ts';
import { GantryError, messageOf } from '../../core/errors/gantry-error.ts';
import type { Attachment, CallOptions, OutputListener } from '../../core/ports/container-engine.ts';

/** This side of both pipes as open file descriptors, which the attachment takes over. */
export interface PipeEnds {
  /** writes into the sandbox's stdin */
  readonly inputFd: number;
  /** reads the sandbox's stdout */
  readonly outputFd: number;
  readonly outputPath: string;
  /** called once, with the first byte */
  onOpened(): void;
}

/** What one read takes at most. Shared by all pipes: what is read is used up before the next read. */
const BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

export class FifoAttachment implements Attachment {
  readonly #engine: Attachment;
  readonly #ends: PipeEnds;
  readonly #input: Socket;
  readonly #readOut = Promise.withResolvers<undefined>();
  #output: Socket | null = null;
  #isOpened = false;
  #isDisposed = false;
  #writeError: Error | null = null;
  #isClosing = false;
  #moved: PromiseWithResolvers<undefined> | null = null;

  constructor(engine: Attachment, ends: PipeEnds) {
    this.#engine = engine;
    this.#ends = ends;
    this.#input = new Socket({ fd: ends.inputFd, readable: false, writable: true });
    this.#input.on('error', (error) => {
      this.#writeError = error;
    });
    this.#input.once('close', this.#onMoved);
  }

  async read(listener: OutputListener): Promise<void> {
    if (this.#isDisposed) return;
    this.#output = this.#readPipe(listener);
    try {
      await this.#engine.read((stream, bytes) => {
        if (stream === 'stderr') listener('stderr', bytes);
      });
    } catch (error) {
      this.#output.destroy();
      throw error;
    }
    await this.#endPipe(this.#output);
    await this.#readOut.promise;
  }

  /** By the system call itself, which takes most requests whole; what the pipe has no room for goes by the stream, which waits for it. */
  write(bytes: Uint8Array): boolean {
    const isFree = this.#input.writable && this.#input.writableLength === 0;
    const writtenBytes = isFree ? this.#writeAtOnce(bytes) : 0;
    if (writtenBytes === bytes.length) return true;
    this.#input.write(bytes.subarray(writtenBytes), this.#onMoved);
    return this.#input.writable && this.#input.writableLength === 0;
  }

  async flushed({ signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    while (this.#input.writable && this.#input.writableLength > 0) {
      this.#moved ??= Promise.withResolvers();
      await raced(this.#moved.promise, signal);
    }
    if (!this.#input.writable) throw gone(this.#writeError);
  }

  closeInput(): void {
    this.#isClosing = true;
    this.#onMoved();
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#input.destroy();
    if (this.#output === null) close(this.#ends.outputFd, () => undefined);
    this.#output?.destroy();
    this.#readOut.resolve(undefined);
    this.#engine[Symbol.dispose]();
  }

  /** A write has left, or none will any more. */
  readonly #onMoved = (): void => {
    if (this.#isClosing && this.#input.writableLength === 0) this.#input.destroy();
    this.#moved?.resolve(undefined);
    this.#moved = null;
  };

  #readPipe(listener: OutputListener): Socket {
    const callback = (byteCount: number): boolean => {
      this.#take(BUFFER.subarray(0, byteCount), listener);
      return true;
    };
    const onread = { buffer: BUFFER, callback };
    const output = new Socket({ fd: this.#ends.outputFd, readable: true, writable: false, onread });
    output.on('error', () => undefined);
    output.once('close', () => {
      this.#readOut.resolve(undefined);
    });
    return output;
  }

  #take(bytes: Uint8Array, listener: OutputListener): void {
    if (this.#isOpened) {
      listener('stdout', bytes);
      return;
    }
    this.#isOpened = true;
    this.#ends.onOpened();
    if (bytes.length > 1) listener('stdout', bytes.subarray(1));
  }

  /** What went wrong, the stream meets again and tells. */
  #writeAtOnce(bytes: Uint8Array): number {
    try {
      return writeSync(this.#ends.inputFd, bytes);
    } catch {
      return 0;
    }
  }

  async #endPipe(output: Socket): Promise<void> {
    try {
      const fd = await promisify(open)(this.#ends.outputPath, constants.O_WRONLY | constants.O_NONBLOCK);
      await promisify(close)(fd);
    } catch {
      // Its folder is gone, or it has ended already.
      output.destroy();
    }
  }
}

function gone(cause: Error | null): GantryError {
  const why = cause === null ? 'it was closed' : messageOf(cause);
  return new GantryError('ENGINE_FAILED', `the pipe to the container is gone: ${why}`, { cause });
}
