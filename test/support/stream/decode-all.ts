// Decodes bytes that come in pieces, down to plain values that can be compared.
import { MessageDecoder } from '../../../src/protocol/stream/message-decoder.ts';
import type { PluginMessage } from '../../../src/protocol/stream/read-message.ts';
import type { ViolationOutcome } from '../../../src/protocol/violation.ts';

export interface DecodedAll {
  readonly messages: readonly PluginMessage[];
  readonly violation: ViolationOutcome | null;
  /** what the end of the bytes means */
  readonly end: ViolationOutcome | null;
}

export function decodeAll(pieces: readonly Uint8Array[], maxBytes?: number): DecodedAll {
  const decoder = new MessageDecoder(maxBytes);
  const messages: PluginMessage[] = [];
  let violation: ViolationOutcome | null = null;
  for (const piece of pieces) {
    // A copy that is overwritten afterwards: what was decoded must not depend on the caller's buffer.
    const passing = Uint8Array.from(piece);
    decoder.push(passing);
    for (let next = decoder.next(); next !== null; next = decoder.next()) {
      if (next.kind === 'message') messages.push(next.message);
      if (next.kind === 'violation') violation = next.outcome;
    }
    passing.fill(0);
  }
  return { messages, violation, end: decoder.end() };
}

/** The bytes in pieces that end at the given places. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const sorted = [...new Set(places)].sort((a, b) => a - b);
  return [...sorted, bytes.length].map((end, index) => bytes.subarray(sorted[index - 1] ?? 0, end));
}
