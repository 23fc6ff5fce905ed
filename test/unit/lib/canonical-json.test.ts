// One text per value, so that hashes of it mean "the same content".
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe('canonicalJson', () => {
  it('gives the same text for any order of keys', () => {
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__')),
        (value) => canonicalJson(value) === canonicalJson(reversed(value)),
      ),
    );
  });

  it('reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('sorts by code unit, keeps the order of lists, and has no spaces', () => {
    expect(canonicalJson({ b: [2, 1], a: { é: 1, Z: null } })).toBe('{"a":{"Z":null,"é":1},"b":[2,1]}');
  });

  it('leaves undefined members out, and writes null for undefined in a list, as JSON.stringify does', () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });

  it('tells apart what differs', () => {
    expect(new Set([[1, 2], [12], '12', 12, { 1: 2 }, [[1], 2], null, 'null'].map(canonicalJson)).size).toBe(8);
  });
});
