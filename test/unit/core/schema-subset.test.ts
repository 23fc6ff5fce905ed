// The subset of JSON Schema: what is refused when declared, and what a value becomes.
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/core/json.ts';
import { checkSchema, validateAgainst } from '../../../src/core/schema-subset.ts';

const plain = (value: JsonValue): unknown => JSON.parse(JSON.stringify(value));

describe('checkSchema', () => {
  it('accepts every keyword of the subset', () => {
    const schema = {
      type: 'object',
      description: 'settings',
      additionalProperties: false,
      required: ['limit'],
      properties: {
        limit: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
        mode: { type: ['string', 'null'], enum: ['fast', null], minLength: 1, maxLength: 9 },
        list: { type: 'array', items: { type: 'number' }, default: [1.5] },
        fixed: { const: { a: [1] } },
        day: { type: 'string', format: 'date', default: '2024-02-29' },
      },
    };
    expect(checkSchema(schema)).toEqual([]);
  });

  it.each<[string, JsonValue, string]>([
    ['a schema that is no object', [], 'a schema must be an object'],
    ['a keyword outside the subset', { pattern: '(a+)+$' }, 'keyword `pattern` is not in the subset'],
    ['an unknown type', { type: 'strnig' }, '`type` must be one of'],
    ['an empty list of types', { type: [] }, '`type` must be one of'],
    ['properties that are no object', { properties: 7 }, '`properties` must be an object'],
    ['a property that is no schema', { properties: { a: 7 } }, 'a schema must be an object'],
    ['a required that is no list of names', { required: [7] }, '`required` must be a list of names'],
    ['an empty enum', { enum: [] }, '`enum` must be a list'],
    ['a minimum that is no number', { minimum: '1' }, '`minimum` must be a number'],
    ['a negative length', { minLength: -1 }, '`minLength` must be a whole number'],
    ['a minimum above the maximum', { minimum: 3, maximum: 2 }, '`minimum` 3 is above `maximum` 2'],
    ['a default that does not fit', { type: 'integer', default: 'x' }, 'the default does not fit its own schema'],
    ['an additionalProperties that is a schema', { additionalProperties: {} }, 'must be true or false'],
  ])('refuses %s', (_title, schema, message) => {
    expect(checkSchema(schema).map((issue) => issue.message)).toEqual([expect.stringContaining(message)]);
  });

  it('refuses schemas that nest too deep', () => {
    let schema: JsonValue = { type: 'string' };
    for (let depth = 0; depth < 40; depth += 1) schema = { type: 'array', items: schema };
    expect(checkSchema(schema).map((issue) => issue.message)).toEqual(['schemas may nest at most 16 deep']);
  });
});

describe('validateAgainst', () => {
  it('fills in defaults and leaves the given value as it was', () => {
    const schema = {
      type: 'object',
      properties: { limit: { type: 'integer', default: 10 }, name: { type: 'string' } },
    };
    const given = { name: 'x' };
    const { value, issues } = validateAgainst(schema, given);
    expect(issues).toEqual([]);
    expect(plain(value)).toEqual({ limit: 10, name: 'x' });
    expect(given).toEqual({ name: 'x' });
  });

  it('fills in defaults inside lists and inside a default', () => {
    const item = { type: 'object', properties: { n: { default: 1 } } };
    const schema = { properties: { list: { items: item }, box: { ...item, default: {} } } };
    expect(plain(validateAgainst(schema, { list: [{}] }).value)).toEqual({ list: [{ n: 1 }], box: { n: 1 } });
  });

  it.each<[string, JsonValue, JsonValue, string, string]>([
    ['a wrong type', { type: 'integer' }, 1.5, '', 'must be integer, not number'],
    ['a number below the minimum', { minimum: 1 }, 0, '', 'must be at least 1, not 0'],
    ['a number above the maximum', { maximum: 1 }, 2, '', 'must be at most 1, not 2'],
    ['a text that is too short', { minLength: 2 }, 'a', '', 'must be at least 2 characters, not 1'],
    ['a text that is too long', { maxLength: 1 }, '🐎🐎', '', 'must be at most 1 characters, not 2'],
    ['a value that is not listed', { enum: [1, 'a'] }, 'b', '', 'must be one of 1, "a"'],
    ['a value other than the fixed one', { const: { a: 1 } }, { a: 2 }, '', 'must be {"a":1}'],
    ['an absent required property', { required: ['a'] }, {}, 'a', 'is required'],
    ['an unknown property', { additionalProperties: false }, { b: 1 }, 'b', 'is not a known property'],
    ['a bad item', { items: { type: 'null' } }, [null, 1], '1', 'must be null, not number'],
    [
      'an absent property named like a member of every object',
      { required: ['toString'] },
      {},
      'toString',
      'is required',
    ],
  ])('names %s', (_title, schema, value, path, message) => {
    const { issues } = validateAgainst(schema as never, value);
    expect(issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([[path, message]]);
  });

  it('names every issue at once', () => {
    const schema = { properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['c'] };
    expect(validateAgainst(schema, { a: 1, b: 2 }).issues).toHaveLength(3);
  });
});
