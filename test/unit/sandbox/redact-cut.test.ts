// Proves that a quote which was cut in the middle of a secret keeps nothing of it.
import { expect, test } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.ts';
import { NO_SECRETS, Redactor } from '../../../src/core/redact.ts';
import { redactCut } from '../../../src/sandbox/session/redact-cut.ts';

const SECRET = 'hunter2-hunter2-hunter2';
const redactor = new Redactor([SECRET]);

function quoting(seen: string): Outcome {
  return { code: 'protocol', violation: 'not_json', message: `no JSON: ${seen}`, seen };
}

test.each(Array.from({ length: SECRET.length + 1 }, (_, kept) => kept))(
  'keeps nothing of a secret of which %i characters stood before the cut',
  (kept) => {
    const text = 'x'.repeat(200 - kept) + SECRET.slice(0, kept);
    const outcome = redactCut(quoting(text), redactor);
    expect(JSON.stringify(outcome)).not.toMatch(/hu?n?t?e?r?2?-?h?u?n?t/);
    expect(JSON.stringify(outcome)).not.toContain(SECRET.slice(0, Math.max(3, kept)));
  },
);

test('keeps a short quote whole, but for whole secrets', () => {
  expect(redactCut(quoting('short h'), redactor)).toEqual(quoting('short h'));
  expect(redactCut(quoting(`a ${SECRET} b`), redactor)).toEqual(quoting('a [redacted] b'));
});

test('changes nothing without secrets', () => {
  const outcome = quoting('x'.repeat(200));
  expect(redactCut(outcome, NO_SECRETS)).toEqual(outcome);
});
