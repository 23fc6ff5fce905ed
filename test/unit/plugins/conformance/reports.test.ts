// What the kit sends and writes: requests of a newer host, and JUnit XML that no reason can break.
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../../../src/core/json.ts';
import { PROTOCOLS } from '../../../../src/core/plugin.ts';
import { parseStrictText } from '../../../../src/core/strict-json.ts';
import { CHECKS, checkRow, type Finding } from '../../../../src/plugins/conformance/checks.ts';
import { NO_FIXTURE } from '../../../../src/plugins/conformance/fixture.ts';
import { renderJunit } from '../../../../src/plugins/conformance/render-junit.ts';
import { asNewer, asNewerLine, UNICODE_SAMPLE, withText } from '../../../../src/plugins/conformance/vary-input.ts';

function parsed(line: string): JsonObject {
  const read = parseStrictText(line);
  return read.ok && isJsonObject(read.value) ? read.value : {};
}

describe('the checks', () => {
  it('have names of their own, each with how it is mended', () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
    for (const { id } of CHECKS) expect(checkRow(id).mend).not.toBe('');
  });

  it.each(PROTOCOLS)('leave %s plugins more than a handful', (protocol) => {
    expect(CHECKS.filter(({ id }) => checkRow(id).protocols.includes(protocol)).length).toBeGreaterThan(12);
  });
});

describe('a request of a newer host', () => {
  const document = {
    protocol: '1.0',
    invocation: { nonce: 'n' },
    context: { run: { id: 'r' }, data: { a: 1 } },
    config: { b: 2 },
  };

  it('keeps all that this host says, under a higher minor version', () => {
    const newer = asNewer(document);
    expect(newer).toMatchObject({ ...document, protocol: '1.9' });
    expect(Object.keys(newer)).toContain('member_of_a_newer_version');
  });

  it('is one line per message, with a notification before a run', () => {
    const lines = asNewerLine(JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'run', params: document })).split('\n');
    expect(lines.map((line) => parsed(line)['method'])).toEqual(['notification_of_a_newer_version', 'run']);
    expect(parsed(lines[1] ?? '')).toMatchObject({ id: 3, params: { invocation: { nonce: 'n' }, protocol: '1.9' } });
  });

  it('leaves cancel and what is no message as they are', () => {
    const cancel = { jsonrpc: '2.0', method: 'cancel', params: { id: 3 } };
    expect(parsed(asNewerLine(JSON.stringify(cancel)))).toMatchObject(cancel);
    expect(asNewerLine('[1]')).toBe('[1]');
  });
});

describe('text that is added', () => {
  it('stands in earlier results, and for a filter in its data', () => {
    expect(JSON.stringify(withText(NO_FIXTURE, 'json', UNICODE_SAMPLE).results)).toContain('👩🏽‍💻');
    expect(withText(NO_FIXTURE, 'json', 'x').data).toEqual({});
    expect(withText({ ...NO_FIXTURE, data: 'a' }, 'text', 'b').data).toBe('ab');
    expect(withText({ ...NO_FIXTURE, data: [1] }, 'text', 'b').data).toEqual([1, 'b']);
    expect(withText({ ...NO_FIXTURE, data: { a: 1 } }, 'text', 'b').data).toMatchObject({ a: 1 });
  });
});

describe('JUnit XML', () => {
  const finding = (state: Finding['state'], reason: string): Finding => ({
    ...{ check: 'stdout', state, reason, durationMs: 1_500 },
    mend: state === 'failed' ? 'print <elsewhere>' : null,
  });

  it('has one case per finding, with the counts that a CI shows', () => {
    const xml = renderJunit('plugins/a', [
      finding('passed', ''),
      finding('failed', 'x'),
      finding('not_applicable', 'y'),
    ]);
    expect(xml).toContain('<testsuite name="plugins/a" tests="3" failures="1" skipped="1" errors="0" time="4.500">');
    expect(xml.match(/<testcase /g)).toHaveLength(3);
    expect(xml).toContain('<failure message="x">print &lt;elsewhere&gt;</failure>');
    expect(xml).toContain('<skipped message="y"/>');
  });

  it('escapes what a plugin said and what XML forbids', () => {
    const xml = renderJunit('a', [finding('failed', '"</failure>&\u0000\ufffe 👩')]);
    expect(xml).toContain('message="&quot;&lt;/failure&gt;&amp;?? 👩"');
  });
});
