// The merge of parallel data: the examples of RFC 7396, the report of conflicts, and that its cost is linear.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { CONFLICTS_MAX, mergeResults } from '../../../src/pipeline/graph/merge-results.ts';

function merge(target: JsonValue, ...patches: JsonValue[]): JsonValue {
  return mergeResults(
    target,
    patches.map((data, index) => ({ plugin: `p${String(index)}`, data })),
  ).data;
}

describe('mergeResults', () => {
  test.each<[JsonValue, JsonValue, JsonValue]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('merges %j with %j as RFC 7396 says', (target, patch, merged) => {
    expect(merge(target, patch)).toEqual(merged);
  });

  test.each<JsonValue>([[1, 2], 'text', null, { a: 1 }])('takes nothing for no change of %j', (target) => {
    expect(merge(target, {})).toEqual(target);
    expect(merge(target, {}, {})).toEqual(target);
  });

  test('never changes the target or a patch', () => {
    const target = { a: { b: 1 } };
    const patch = { a: { c: { d: 2 } } };
    merge(target, patch, { a: { c: { d: null, e: 3 } } });
    expect(target).toEqual({ a: { b: 1 } });
    expect(patch).toEqual({ a: { c: { d: 2 } } });
  });

  test('keeps keys of Object.prototype as plain data', () => {
    const patch = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"x":1}}') as JsonObject;
    const merged = merge({}, patch) as JsonObject;
    expect(({} as JsonObject)['isAdmin']).toBeUndefined();
    expect(Object.keys(merged)).toEqual(['__proto__', 'constructor']);
  });

  test('applies patches one after the other, whatever they are', () => {
    const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
    fc.assert(
      fc.property(json, fc.array(json, { maxLength: 4 }), (target, patches) => {
        const oneByOne = patches.reduce<JsonValue>((data, patch) => merge(data, patch), target);
        expect(JSON.stringify(merge(target, ...patches))).toBe(JSON.stringify(oneByOne));
      }),
      { numRuns: 1_000 },
    );
  });

  test('reports each place that two plugins wrote, and no other', () => {
    const { conflicts } = mergeResults({}, [
      { plugin: 'ann', data: { a: { x: 1, y: 2 }, b: 1, 'c/d': 1 } },
      { plugin: 'bob', data: { a: { x: 9, z: 3 }, b: { q: 1 }, 'c/d': null } },
    ]);
    expect(conflicts).toEqual([
      { pointer: '/a/x', first: 'ann', second: 'bob' },
      { pointer: '/b', first: 'ann', second: 'bob' },
      { pointer: '/c~1d', first: 'ann', second: 'bob' },
    ]);
  });

  test('does not report equal values, and names who first gave the value that stands', () => {
    const list = [1, { x: [null, 'a'], y: 2 }];
    const { conflicts } = mergeResults({}, [
      { plugin: 'ann', data: { same: list, gone: null, odd: 1, part: { x: 1 }, short: [1] } },
      {
        plugin: 'bob',
        data: { same: [1, { y: 2, x: [null, 'a'] }], gone: null, odd: 1, part: { x: 1 }, short: [1, 2] },
      },
      { plugin: 'cat', data: { same: list, gone: null, odd: 2, part: [], short: [1] } },
    ]);
    expect(conflicts).toEqual([
      { pointer: '/short', first: 'ann', second: 'bob' },
      { pointer: '/odd', first: 'ann', second: 'cat' },
      { pointer: '/part', first: 'ann', second: 'cat' },
      { pointer: '/short', first: 'bob', second: 'cat' },
    ]);
    const whole = ['ann', 'bob'].map((plugin) => ({ plugin, data: ['text'] }));
    expect(mergeResults({}, whole).conflicts).toEqual([]);
  });

  test('reports a plugin that replaces the whole of data', () => {
    const { conflicts } = mergeResults({}, [
      { plugin: 'ann', data: { a: 1 } },
      { plugin: 'bob', data: 'text' },
    ]);
    expect(conflicts).toEqual([{ pointer: '', first: 'ann', second: 'bob' }]);
  });

  test('bounds the report of conflicts', () => {
    const wide = (value: number) =>
      Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${String(index)}`, value]));
    const { conflicts } = mergeResults({}, [
      { plugin: 'ann', data: wide(1) },
      { plugin: 'bob', data: wide(2) },
    ]);
    expect(conflicts).toHaveLength(CONFLICTS_MAX);
  });

  test('copies the target once, however many plugins write to it', () => {
    let copies = 0;
    const target = new Proxy<JsonObject>(
      { a: 1, b: 2 },
      {
        ownKeys: (object) => {
          copies += 1;
          return Reflect.ownKeys(object);
        },
      },
    );
    const patches = Array.from({ length: 500 }, (_, index) => ({ [`k${String(index)}`]: index }));
    expect(Object.keys(merge(target, ...patches) as JsonObject)).toHaveLength(502);
    expect(copies).toBe(1);
  });
});
