// The outcome of broken output: names what was seen, and when it looks like a stray print, how to mend it.
import type { Outcome, ProtocolViolation } from '../core/outcome.ts';
import { NO_SECRETS, type Redactor } from '../core/redact.ts';
import { oneLine, type Verdict } from './reply.ts';

const SEEN_BYTES = 200;

/** The first 200 bytes without secrets, each that is not printable ASCII written as a dot. */
export function printableStart(bytes: Uint8Array, redactor: Redactor = NO_SECRETS): string {
  let text = '';
  for (const byte of redactor.head(bytes, SEEN_BYTES))
    text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.';
  return text;
}

export type ViolationOutcome = Extract<Outcome, { readonly code: 'protocol' }>;

/** What a message adds when it looks as if a print had got between the protocol's lines. */
export const STRAY_PRINT = '; this looks like a stray print: stdout belongs to the result, print to stderr instead';

export function violationOutcome(
  violation: ProtocolViolation,
  bytes: Uint8Array,
  message: string,
  redactor: Redactor = NO_SECRETS,
): ViolationOutcome {
  return { code: 'protocol', violation, seen: printableStart(bytes, redactor), message: oneLine(message, redactor) };
}

export function violationVerdict(
  violation: ProtocolViolation,
  stdout: Uint8Array,
  message: string,
  redactor: Redactor = NO_SECRETS,
): Verdict {
  return { outcome: violationOutcome(violation, stdout, message, redactor), result: null };
}
