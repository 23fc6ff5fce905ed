// What plugins read, and how a line of stderr becomes a log line.
import { expect, test } from 'vitest';
import { formatId } from '../../../src/core/ids.ts';
import { encodeJsonRequest } from '../../../src/protocol/json-request.ts';
import { readLogLine } from '../../../src/protocol/log-line.ts';
import { encodeTextRequest } from '../../../src/protocol/text-request.ts';

const random = new Uint8Array(10);

test('writes the request document of protocol 1 on one line', () => {
  const bytes = encodeJsonRequest({
    invocationId: formatId('inv', 1, random),
    nonce: 'abc',
    attempt: 2,
    idempotencyKey: 'key',
    deadlineAtMs: Date.UTC(2026, 10, 22, 12, 0, 30),
    timeoutMs: 30_000,
    traceparent: null,
    run: { id: formatId('run', 1, random), pipeline: 'default', trigger: 'api' },
    hook: 'fetch',
    params: { day: 1 },
    data: ['x\n'],
    results: {},
    config: { limit: 10 },
    secrets: new Map([['API_TOKEN', 'secret-value']]),
  });
  const text = new TextDecoder().decode(bytes);
  expect(text.indexOf('\n')).toBe(text.length - 1);
  expect(JSON.parse(text)).toEqual({
    protocol: '1.0',
    method: 'run',
    invocation: {
      id: formatId('inv', 1, random),
      nonce: 'abc',
      attempt: 2,
      idempotencyKey: 'key',
      deadline: '2026-11-22T12:00:30.000Z',
      timeoutMs: 30_000,
    },
    context: {
      run: { id: formatId('run', 1, random), pipeline: 'default', trigger: 'api' },
      hook: 'fetch',
      params: { day: 1 },
      data: ['x\n'],
      results: {},
    },
    config: { limit: 10 },
    secrets: { API_TOKEN: 'secret-value' },
  });
});

test('gives a filter strings as they are and anything else as JSON', () => {
  expect(new TextDecoder().decode(encodeTextRequest('a\nb'))).toBe('a\nb');
  expect(new TextDecoder().decode(encodeTextRequest({ a: [1] }))).toBe('{"a":[1]}\n');
});

test.each([
  ['plain text', { level: 'info', message: 'plain text' }],
  ['{"level":"warn","message":"low"}', { level: 'warn', message: 'low' }],
  ['{"level":"error","message":"x","fields":{"a":1,"b":"c"}}', { level: 'error', message: 'x a=1 b=c' }],
  ['{"level":"loud","message":"x"}', { level: 'info', message: '{"level":"loud","message":"x"}' }],
  ['{"level":"info","message":1}', { level: 'info', message: '{"level":"info","message":1}' }],
  ['{"level":"info"', { level: 'info', message: '{"level":"info"' }],
] as const)('reads the log line %s', (text, line) => {
  expect(readLogLine(text)).toEqual(line);
});
