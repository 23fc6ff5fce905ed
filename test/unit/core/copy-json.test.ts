// A copy of what a trigger gave stands for its text, which is stored: both have to say the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyJson, type JsonValue } from '../../../src/core/json.ts';
import { parseStrictText } from '../../../src/core/strict-json.ts';

function readBack(value: JsonValue): JsonValue {
  const read = parseStrictText(JSON.stringify(value));
  if (!read.ok) throw new Error(read.message);
  return read.value;
}

test('a copy is what its text is read back as', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      fc.pre(!JSON.stringify(value).includes('__proto__'));
      expect(copyJson(value as JsonValue)).toStrictEqual(readBack(value as JsonValue));
    }),
  );
});

test.each([[-0], [Number.NaN], [Number.POSITIVE_INFINITY], [{ toString: 1, list: [{}, []] }]])('so is %j', (value) => {
  expect(copyJson(value)).toStrictEqual(readBack(value));
});

test('nothing in a copy has a prototype of objects, and a change of the source does not reach it', () => {
  const source = { list: [{ n: 1 }] };
  const copy = copyJson(source) as typeof source;
  source.list[0] = { n: 2 };
  expect(copy).toEqual({ list: [{ n: 1 }] });
  expect([Object.getPrototypeOf(copy), Object.getPrototypeOf(copy.list[0])]).toEqual([null, null]);
});
