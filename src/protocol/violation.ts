// The outcome of broken output: names what was seen, and when it looks like a stray print, how to mend it.
import type { Outcome, ProtocolViolation } from '../core/outcome.ts';
import { oneLine, type Verdict } from './reply.ts';

const SEEN_BYTES = 200;

/** The first 200 bytes, each that is not printable ASCII written as a dot. */
export function printableStart(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, SEEN_BYTES)) text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.';
  return text;
}

export type ViolationOutcome = Extract<Outcome, { readonly code: 'protocol' }>;

/** What a message adds when it looks as if a print had got between the protocol's lines. */
export const STRAY_PRINT = '; this looks like a stray print: stdout belongs to the result, print to stderr instead';

export function violationOutcome(violation: ProtocolViolation, bytes: Uint8Array, message: string): ViolationOutcome {
  return { code: 'protocol', violation, seen: printableStart(bytes), message: oneLine(message) };
}

export function violationVerdict(violation: ProtocolViolation, stdout: Uint8Array, message: string): Verdict {
  return { outcome: violationOutcome(violation, stdout, message), result: null };
}
