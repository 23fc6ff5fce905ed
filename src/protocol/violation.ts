// The outcome of broken output: names what was seen, and when it looks like a stray print, how to mend it.
import type { ProtocolViolation } from '../core/outcome.ts';
import { oneLine, type Verdict } from './reply.ts';

const SEEN_BYTES = 200;

/** The first 200 bytes, each that is not printable ASCII written as a dot. */
export function printableStart(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, SEEN_BYTES)) text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.';
  return text;
}

export function violationVerdict(violation: ProtocolViolation, stdout: Uint8Array, message: string): Verdict {
  const seen = printableStart(stdout);
  return { outcome: { code: 'protocol', violation, seen, message: oneLine(message) }, result: null };
}
