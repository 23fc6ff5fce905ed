// The codec's reading side: bytes in, messages or violations out, the same wherever the bytes are cut. The first violation is the last
// thing that comes: what follows a broken line cannot be trusted.
import { violationOutcome, type ViolationOutcome } from '../violation.ts';
import { LineDecoder } from './line-decoder.ts';
import { isViolation, readMessage, type PluginMessage } from './read-message.ts';
import { LINE_BYTES_MAX } from './stream-limits.ts';

export type Decoded =
  | { readonly kind: 'message'; readonly message: PluginMessage; readonly line: Uint8Array }
  | { readonly kind: 'blank'; readonly line: Uint8Array }
  | { readonly kind: 'violation'; readonly outcome: ViolationOutcome };

export class MessageDecoder {
  readonly #lines: LineDecoder;
  readonly #maxBytes: number;
  #isBroken = false;

  constructor(maxBytes: number = LINE_BYTES_MAX) {
    this.#lines = new LineDecoder(maxBytes);
    this.#maxBytes = maxBytes;
  }

  push(bytes: Uint8Array): void {
    if (!this.#isBroken) this.#lines.push(bytes);
  }

  /** The next message, blank line or violation; null when more bytes are needed, and always after a violation. */
  next(): Decoded | null {
    const line = this.#isBroken ? null : this.#lines.next();
    if (line === null) return null;
    if (line.isTooLarge)
      return this.#broken(
        violationOutcome('too_large', line.bytes, `a line is longer than ${String(this.#maxBytes)} bytes`),
      );
    if (isBlank(line.bytes)) return { kind: 'blank', line: line.bytes };
    const read = readMessage(line.bytes);
    return isViolation(read) ? this.#broken(read) : { kind: 'message', message: read, line: line.bytes };
  }

  /** What an end of the bytes means here: a violation when a line was under way. */
  end(): ViolationOutcome | null {
    const rest = this.#isBroken ? null : this.#lines.end();
    if (rest === null || isBlank(rest)) return null;
    this.#isBroken = true;
    return violationOutcome('truncated', rest, 'the output ends in the middle of a line');
  }

  #broken(outcome: ViolationOutcome): Decoded {
    this.#isBroken = true;
    return { kind: 'violation', outcome };
  }
}

/** Space, tab, carriage return only. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 32 || byte === 9 || byte === 13);
}
