// Equal values are no conflict and satisfy `const` and `enum`: equality of JSON must be that of what its text says, not of objects.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSameJson, type JsonValue } from '../../../src/core/json.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';

test('two values are the same when their canonical texts are', () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
  const turned = json.map((value) => JSON.parse(canonicalJson(value)) as JsonValue);
  fc.assert(
    fc.property(fc.oneof(json, turned), json, (left, right) => {
      expect(isSameJson(left, JSON.parse(canonicalJson(left)) as JsonValue)).toBe(true);
      expect(isSameJson(left, right)).toBe(canonicalJson(left) === canonicalJson(right));
    }),
  );
});

test.each<[JsonValue, JsonValue]>([
  [{ a: null }, {}],
  [{ a: null }, { b: null }],
  [[], {}],
  [[null], []],
  [0, '0'],
  [false, null],
  [{ toString: null }, {}],
])('%j is not %j', (left, right) => {
  expect([isSameJson(left, right), isSameJson(right, left)]).toEqual([false, false]);
});
