// The session of a stream sandbox does not know whose secrets a run brings, and it cuts what it quotes of a plugin. So quotes that are as long
// as a cut are redacted here with their ends.
import type { Outcome } from '../../core/outcome.ts';
import type { Redactor } from '../../core/redact.ts';

/** Shorter quotes were not cut: the least of the cuts is 200 characters (protocol/violation.ts). */
const CUT_CHARACTERS = 190;

export function redactCut(outcome: Outcome, redactor: Redactor): Outcome {
  const message = quote(outcome.message, redactor);
  return outcome.code === 'protocol'
    ? { ...outcome, message, seen: quote(outcome.seen, redactor) }
    : { ...outcome, message };
}

function quote(text: string, redactor: Redactor): string {
  return text.length < CUT_CHARACTERS ? redactor.text(text) : redactor.beginning(text);
}
