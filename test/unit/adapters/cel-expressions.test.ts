// Proves the Expressions port over the CEL library: what it selects, and what it refuses before anything runs.
import { describe, expect, it } from 'vitest';
import { CelExpressions } from '../../../src/adapters/cel/cel-expressions.ts';
import type { JsonValue } from '../../../src/core/json.ts';

const expressions = new CelExpressions();
const evaluate = (source: string, data: JsonValue): JsonValue =>
  expressions.compile(source).evaluate({ data, params: { n: 2 }, results: {}, run: { id: 'x' } });

describe('CEL expressions', () => {
  it.each<[string, JsonValue, JsonValue]>([
    ['data', { a: [1, 'x', null, true, 1.5] }, { a: [1, 'x', null, true, 1.5] }],
    ['data.a.b', { a: { b: 'c' } }, 'c'],
    ['data.n + 1', { n: 3 }, 4],
    ['{"a": data.n, "b": [1, "x"]}', { n: 3 }, { a: 3, b: [1, 'x'] }],
    ['params.n == 2 ? "two" : "other"', {}, 'two'],
    ['data.?missing.orValue("none")', {}, 'none'],
    ['size(data.items)', { items: [1, 2, 3] }, 3],
    ['data["$where"]', { $where: 1 }, 1],
  ])('gives the value of %s', (source, data, expected) => {
    expect(evaluate(source, data)).toEqual(expected);
  });

  it.each([
    'data..x',
    '',
    'unknown_variable',
    'data.items.map(x, x)',
    '[1,2].all(x, x > 0)',
    '"aaaa".matches("(a+)+$")',
    '!'.repeat(2000),
    '1+'.repeat(900) + '1',
    'a'.repeat(3000),
  ])('refuses %j', (source) => {
    expect(() => expressions.compile(source)).toThrow(expect.objectContaining({ code: 'EXPRESSION_INVALID' }) as Error);
  });

  it('refuses to read what is not there', () => {
    expect(() => evaluate('data.missing.deeper', {})).toThrow(/missing/);
  });

  it.each(['1.0 / 0.0', '[-1.0 / 0.0]', '{"a": 0.0 / 0.0}'])(
    'refuses to give %s, which would become null',
    (source) => {
      expect(() => evaluate(source, {})).toThrow(/is no JSON/);
    },
  );

  it.each(['{"__proto__": 1}', '{"a": {"constructor": data}}', '[{"a": 1, "prototype": 2}]'])(
    'refuses %s, of which the library would drop a member',
    (source) => {
      expect(() => expressions.compile(source)).toThrow(/a member cannot be called/);
    },
  );

  it.each([
    ['data.a == 1', 'boolean'],
    ['!has(data.a)', 'boolean'],
    ['[data.a, 1]', 'list'],
    ['[] + [1]', 'list'],
    ['{"a": data}', 'object'],
    ['{}', 'object'],
    ['size(data)', 'other'],
    ['data.?a', 'other'],
    ['data.a', 'unknown'],
    ['params.a ? [1] : data', 'unknown'],
    ['data.?a.orValue("")', 'unknown'],
  ])('knows before there are values that %s gives: %s', (source, kind) => {
    expect(expressions.compile(source).kind).toBe(kind);
  });

  it('refuses a variable that is not there, and takes a member of that name', () => {
    expect(() => expressions.compile('results.a', ['params', 'data'])).toThrow(/there are params and data/);
    expect(expressions.compile('data.results', ['params', 'data']).source).toBe('data.results');
  });

  it('gives nothing of the prototype away', () => {
    expect(() => evaluate('data.constructor', {})).toThrow(/constructor/);
  });
});
