// What an outcome shows of a plugin's output is cut short; no secret may be cut with it, for what stays of one is not recognised any more.
import { describe, expect, test } from 'vitest';
import { REDACTED, Redactor } from '../../../src/core/redact.ts';
import { readJsonResult } from '../../../src/protocol/json-result.ts';
import type { Reply } from '../../../src/protocol/reply.ts';
import { readTextResult } from '../../../src/protocol/text-result.ts';

const SECRET = 'hunter2-Password-1234';
const redactor = new Redactor([SECRET]);
const places = Array.from({ length: SECRET.length + 1 }, (_, place) => place);

function replyOf(stdout: string): Reply {
  const memory = { isOutOfMemory: false, memoryLimitBytes: 1_024, memoryPeakBytes: null };
  return { stdout: Buffer.from(stdout), exitCode: 0, stderrTail: '', ...memory };
}

/** All text of the outcome, without the longest beginning that could be anything (three characters). */
function leaksIn(outcome: object): readonly string[] {
  const text = JSON.stringify(outcome);
  return places.map((at) => SECRET.slice(at, at + 4)).filter((part) => part.length === 4 && text.includes(part));
}

describe('no part of a secret stays', () => {
  test.each(places)('when the shown start of the output ends after %i characters of it', (place) => {
    const reply = replyOf(`${'.'.repeat(200 - place)}${SECRET} and more`);
    const { outcome } = readJsonResult(reply, redactor);
    expect(outcome).toMatchObject({ code: 'protocol', violation: 'not_json' });
    expect(leaksIn(outcome)).toEqual([]);
    expect(leaksIn(readTextResult(reply, 'json', redactor).outcome)).toEqual([]);
  });

  test.each(places)('when the message of an error is cut after %i characters of it', (place) => {
    const message = `${'.'.repeat(1_999 - place)}${SECRET} and more`;
    const { outcome } = readJsonResult(replyOf(JSON.stringify({ status: 'error', error: { message } })), redactor);
    expect(outcome).toMatchObject({ code: 'plugin_error' });
    expect(leaksIn(outcome)).toEqual([]);
    const skipped = readJsonResult(replyOf(JSON.stringify({ status: 'skipped', reason: message })), redactor);
    expect(leaksIn(skipped.outcome)).toEqual([]);
  });

  test('when the parser would quote what it stumbled over', () => {
    for (const start of ['', '{"a":', '{"a":"b",']) {
      const { outcome } = readJsonResult(replyOf(start + SECRET), redactor);
      expect(outcome).toMatchObject({ code: 'protocol' });
      expect(leaksIn(outcome)).toEqual([]);
    }
  });

  test('and what is not secret is shown as before', () => {
    const { outcome } = readJsonResult(replyOf(`loading ${SECRET} now`), redactor);
    expect(outcome).toMatchObject({ seen: `loading ${REDACTED} now` });
  });
});
