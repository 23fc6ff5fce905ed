// Output that is no result: each kind is named, shown, and never taken for one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stand } from '../support/sandbox/stand.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.open();
});
afterAll(async () => {
  await stand[Symbol.asyncDispose]();
});

test.each([
  ['second_result', { step: 'second_result' }],
  ['truncated', { step: 'partial_result' }],
  ['too_deep', { step: 'deep_result', depth: 100 }],
  ['not_json', { step: 'print', text: 'loading…' }],
  ['not_json', { step: 'raw', text: '{"a": NaN}' }],
  ['forbidden_key', { step: 'raw', text: '{"__proto__": {"admin": true}}' }],
  ['bad_utf8', { step: 'raw', base64: Buffer.from([0x7b, 0xff, 0x7d]).toString('base64') }],
  ['not_object', { step: 'raw', text: '[1]' }],
  ['bad_result', { step: 'result', document: { status: 'done' } }],
])('%s from %j', async (violation, step) => {
  const end = await stand.act(stand.version(), [step]);
  expect(end).toMatchObject({ outcome: { code: 'protocol', violation }, result: null });
});

test.each([
  ['whose name is a path', 'bad_artifact', [{ name: '../../etc/passwd', text: 'root' }]],
  ['of one name', 'bad_artifact', ['1', '2'].map((text) => ({ name: 'a', text }))],
  ['that are no base64', 'bad_artifact', [{ name: 'a', base64: '%%%%' }]],
  ['without end', 'artifact_limit', Array.from({ length: 1_001 }, (_, at) => ({ name: `a${String(at)}`, text: '' }))],
])('artifacts %s, as %s', async (_, violation, artifacts) => {
  const document = { status: 'success', artifacts };
  const end = await stand.act(stand.version(), [{ step: 'result', document }]);
  expect(end).toMatchObject({ outcome: { code: 'protocol', violation }, result: null });
  expect(end.artifacts).toBeUndefined();
});

test('silence', async () => {
  expect((await stand.act(stand.version(), [{ step: 'silent' }])).outcome.code).toBe('no_result');
});

test('a traceback, which becomes the message without its control characters', async () => {
  const { outcome } = await stand.act(stand.version(), [{ step: 'raise', message: 'red \u001b[31m alert' }]);
  expect(outcome).toMatchObject({ code: 'plugin_error', pluginCode: 'exit_1' });
  expect(outcome.message).toContain('RuntimeError: red');
  expect(outcome.message).not.toContain('\u001b');
});

test.each([
  [3, { code: 'crash', exitCode: 3 }],
  [64, { code: 'plugin_error', pluginCode: 'usage', isRetryable: false }],
  [255, { code: 'crash', exitCode: 255 }],
])('a whole result before exit code %i', async (code, outcome) => {
  expect(await stand.act(stand.version(), [{ step: 'exit_after', code }])).toMatchObject({ outcome, result: null });
});

test('a signal', async () => {
  const { outcome } = await stand.act(stand.version(), [{ step: 'signal', name: 'SIGSEGV' }]);
  expect(outcome).toMatchObject({ code: 'crash', signal: 'SIGSEGV' });
});
