// Takes apart the engine's stream of frames: 1 byte stream number, 3 bytes nothing, 4 bytes length, then the bytes. Iterative (thousands of
// one-byte frames may sit in one chunk) and without collecting: a frame of any length is passed on in the pieces it arrives in.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { OutputListener, OutputStream } from '../../core/ports/container-engine.ts';

const HEADER_BYTES = 8;

export class Demux {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerFill = 0;
  #stream: OutputStream = 'stdout';
  #leftBytes = 0;

  /**
   * Hands on the pieces of output within one chunk, in order; they share its memory.
   * @throws GantryError ENGINE_FAILED when this is no stream of frames
   */
  split(chunk: Uint8Array, listener: OutputListener): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#leftBytes === 0) {
        at = this.#readHeader(chunk, at);
        continue;
      }
      const end = Math.min(chunk.length, at + this.#leftBytes);
      this.#leftBytes -= end - at;
      listener(this.#stream, chunk.subarray(at, end));
      at = end;
    }
  }

  #readHeader(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && this.#headerFill < HEADER_BYTES) {
      this.#header[this.#headerFill] = chunk[at] ?? 0;
      this.#headerFill += 1;
      at += 1;
    }
    if (this.#headerFill < HEADER_BYTES) return at;
    this.#headerFill = 0;
    this.#stream = streamOf(this.#header[0] ?? 255);
    this.#leftBytes = new DataView(this.#header.buffer).getUint32(4);
    return at;
  }
}

function streamOf(number: number): OutputStream {
  if (number === 1) return 'stdout';
  if (number === 2) return 'stderr';
  throw new GantryError('ENGINE_FAILED', `the attach stream holds a frame of unknown kind ${String(number)}`);
}
