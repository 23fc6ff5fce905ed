// Artifacts inside a result document: what is taken, and what makes the whole document one that does not count.
import { describe, expect, test } from 'vitest';
import { ARTIFACTS_MAX } from '../../../src/core/artifact.ts';
import { readJsonResult } from '../../../src/protocol/json-result.ts';
import type { Verdict } from '../../../src/protocol/reply.ts';

function verdictOf(document: unknown, exitCode = 0): Verdict {
  const rest = { isOutOfMemory: false, memoryLimitBytes: 1024, memoryPeakBytes: null, stderrTail: '' };
  return readJsonResult({ stdout: Buffer.from(JSON.stringify(document)), exitCode, ...rest });
}

function given(artifacts: unknown): Verdict {
  return verdictOf({ status: 'success', data: 1, artifacts });
}

describe('artifacts of a result', () => {
  test('are read with their types, or with the type that their form suggests', () => {
    const { outcome, result, artifacts } = given([
      { name: 'a.csv', contentType: 'text/csv', text: 'day\n', later: 1 },
      { name: 'b', base64: 'AAEC' },
      { name: 'c.txt', text: '' },
    ]);
    expect([outcome.code, result]).toEqual(['ok', 1]);
    expect(artifacts).toEqual([
      { name: 'a.csv', contentType: 'text/csv', encoding: 'utf8', content: 'day\n' },
      { name: 'b', contentType: 'application/octet-stream', encoding: 'base64', content: 'AAEC' },
      { name: 'c.txt', contentType: 'text/plain', encoding: 'utf8', content: '' },
    ]);
  });

  test.each([[], null, undefined])('may be none: %j', (artifacts) => {
    expect(given(artifacts)).toEqual({ outcome: expect.objectContaining({ code: 'ok' }) as unknown, result: 1 });
  });

  test.each([
    [{ status: 'skipped', artifacts: [{ name: 'a', text: 'x' }] }, 0, 'skipped'],
    [{ status: 'error', artifacts: [{ name: 'a', text: 'x' }] }, 1, 'plugin_error'],
  ])('come with every status: %j', (document, exitCode, code) => {
    expect(verdictOf(document, exitCode)).toMatchObject({ outcome: { code }, artifacts: [{ name: 'a' }] });
  });

  test('are data like any other where the document has no status', () => {
    const document = { artifacts: 'anything' };
    expect(verdictOf(document)).toEqual({ outcome: expect.anything() as unknown, result: document });
  });

  test('do not count beside a status that does not', () => {
    const verdict = verdictOf({ status: 'done', artifacts: [{ name: 'a', text: 'x' }] });
    expect(verdict).toMatchObject({ outcome: { violation: 'bad_result' } });
    expect(verdict.artifacts).toBeUndefined();
    expect(verdictOf({ status: 'success', artifacts: [{ name: 'a', text: 'x' }] }, 3).artifacts).toBeUndefined();
  });

  test.each([
    ['no list', 'report.csv', /no list/],
    ['no object', ['report.csv'], /artifact 1 of the result: it must be an object/],
    ['a path', [{ name: '../a', text: '' }], /`name` must be 1 to 128/],
    ['a long name', [{ name: 'a'.repeat(129), text: '' }], /`name` must be/],
    ['no name', [{ text: '' }], /`name` must be/],
    ['no content', [{ name: 'a' }], /a must have one of `text`, `base64`/],
    ['two contents', [{ name: 'a', text: '', base64: '' }], /one of `text`, `base64`/],
    ['a number for a text', [{ name: 'a', text: 1 }], /`text` that is none/],
    ['null for a text', [{ name: 'a', text: null }], /`text` that is none/],
    ['cut base64', [{ name: 'a', base64: 'AAE' }], /`base64` that is none/],
    ['base64 with a line feed', [{ name: 'a', base64: 'AAE\n' }], /`base64` that is none/],
    ['a parameter in the type', [{ name: 'a', text: '', contentType: 'text/html; charset=utf-8' }], /media type/],
    ['a type that is none', [{ name: 'a', text: '', contentType: 7 }], /media type/],
    [
      'a name twice',
      [
        { name: 'a', text: '1' },
        { name: 'a', text: '2' },
      ],
      /two artifacts of the name a/,
    ],
  ])('make no result with %s', (_, artifacts, message) => {
    const verdict = given(artifacts);
    expect(verdict).toMatchObject({ outcome: { code: 'protocol', violation: 'bad_artifact' }, result: null });
    expect(verdict.outcome.message).toMatch(message);
  });

  test('are as many as a run may have, and not one more', () => {
    const many = Array.from({ length: ARTIFACTS_MAX + 1 }, (_, index) => ({ name: `a${String(index)}`, text: '' }));
    expect(given(many).outcome).toMatchObject({ code: 'protocol', violation: 'artifact_limit' });
    expect(given(many.slice(1)).artifacts).toHaveLength(ARTIFACTS_MAX);
  });
});
