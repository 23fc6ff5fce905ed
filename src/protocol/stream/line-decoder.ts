// Bytes in, lines out, at whatever places the bytes were cut. A line within one chunk is not copied at all, and nothing beyond the limit is
// kept: a line of a gigabyte costs as much memory as one of eight megabytes. Surprise: memory of long lines is given back by hand, as soon as
// a longer piece takes its place or the line was used; left to the collector, many lines' worth of it would wait for that.
import { giveBack } from '../../core/give-back.ts';

/** A line without its line feed; or the beginning of one that is over the limit, after which nothing more comes. */
export interface Line {
  readonly bytes: Uint8Array;
  readonly isTooLarge: boolean;
}

const LINE_FEED = 10;
const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(0);

export class LineDecoder {
  readonly #maxBytes: number;
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  /** the beginning of a line whose end has not come; `#length` bytes of it count */
  #pending: Uint8Array<ArrayBuffer> = EMPTY;
  #length = 0;
  /** the memory of the line that is out */
  #out: Uint8Array<ArrayBuffer> = EMPTY;
  #isOver = false;

  /** @param maxBytes greatest length of a line, line feed not counted */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a chunk; the bytes must stay as they are until `next` has answered null. */
  push(bytes: Uint8Array): void {
    this.#giveBack();
    if (this.#isOver) return;
    const rest = this.#chunk.subarray(this.#at);
    this.#chunk = rest.length === 0 ? bytes : joined(rest, bytes);
    this.#at = 0;
  }

  /** The next whole line; null when more bytes are needed. It is valid until the next call: then its bytes may be gone. */
  next(): Line | null {
    this.#giveBack();
    if (this.#at >= this.#chunk.length) return null;
    const end = this.#chunk.indexOf(LINE_FEED, this.#at);
    const part = this.#chunk.subarray(this.#at, end === -1 ? undefined : end);
    this.#at = end === -1 ? this.#chunk.length : end + 1;
    if (this.#length + part.length > this.#maxBytes) return this.#tooLarge(part);
    if (end === -1) return this.#keep(part);
    return { bytes: this.#length === 0 ? part : this.#complete(part), isTooLarge: false };
  }

  /** The line that was under way when the bytes ended, null when there is none. */
  end(): Uint8Array | null {
    return this.#length === 0 ? null : this.#pending.subarray(0, this.#length);
  }

  #keep(part: Uint8Array): null {
    this.#append(part);
    this.#chunk = EMPTY;
    this.#at = 0;
    return null;
  }

  #complete(part: Uint8Array): Uint8Array {
    this.#append(part);
    const line = this.#pending.subarray(0, this.#length);
    this.#out = this.#pending;
    this.#pending = EMPTY;
    this.#length = 0;
    return line;
  }

  #giveBack(): void {
    giveBack(this.#out);
    this.#out = EMPTY;
  }

  #append(part: Uint8Array): void {
    const needed = this.#length + part.length;
    if (needed > this.#pending.length) {
      const roomBytes = Math.min(this.#maxBytes, Math.max(needed, this.#pending.length * 2, 256));
      // Never the shared empty one, which would be of no use to anybody afterwards.
      const room = this.#pending === EMPTY ? new ArrayBuffer(roomBytes) : this.#pending.buffer.transfer(roomBytes);
      this.#pending = new Uint8Array(room);
    }
    this.#pending.set(part, this.#length);
    this.#length = needed;
  }

  #tooLarge(part: Uint8Array): Line {
    const start = joined(this.#pending.subarray(0, Math.min(this.#length, KEPT_START)), part.subarray(0, KEPT_START));
    giveBack(this.#pending);
    this.#isOver = true;
    this.#chunk = EMPTY;
    this.#at = 0;
    this.#pending = EMPTY;
    this.#length = 0;
    return { bytes: start.slice(0, KEPT_START), isTooLarge: true };
  }
}

/** Bytes kept of a line that is too large: enough to show what it was. */
const KEPT_START = 200;

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
