// A run's line, whatever the length of its document, which is taken as it is when it is long.
import { expect, test } from 'vitest';
import { encodeRun } from '../../../../src/protocol/stream/encode-message.ts';

test.each([
  ['short, on one line', 100, ''],
  ['short, on several', 100, '\n'],
  ['long, on one line', 100_000, ''],
  ['long, on several', 100_000, '\n'],
])('a document that is %s becomes the params of one line', (_what, length, between) => {
  const document = `{${between}"nonce":"n1","text":"${'x'.repeat(length)}"}\n`;
  const line = Buffer.concat(encodeRun(7, Buffer.from(document))).toString();
  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(JSON.parse(line)).toEqual({ jsonrpc: '2.0', id: 7, method: 'run', params: JSON.parse(document) as unknown });
});
