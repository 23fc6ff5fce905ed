// What a hostile side can send as JSON, and how each piece is refused or made harmless.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/core/json.ts';
import { parseStrictJson, parseStrictText, type StrictJson } from '../../../src/core/strict-json.ts';

const parse = (text: string, maxDepth = 64): StrictJson =>
  parseStrictJson(new TextEncoder().encode(text), { maxBytes: 1024 * 1024, maxDepth });

function violationOf(parsed: StrictJson): string {
  return parsed.ok ? 'none' : parsed.violation;
}

function valueOf(parsed: StrictJson): JsonValue {
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

function prototypesIn(value: JsonValue): Set<unknown> {
  if (typeof value !== 'object' || value === null) return new Set();
  const inner: unknown[] = Object.values(value).flatMap((member) => [...prototypesIn(member)]);
  if (!Array.isArray(value)) inner.push(Object.getPrototypeOf(value));
  return new Set(inner);
}

describe('parseStrictJson', () => {
  it('refuses a document over its size before it is decoded', () => {
    const limits = { maxBytes: 4, maxDepth: 64 };
    expect(violationOf(parseStrictJson(new TextEncoder().encode('1234'), limits))).toBe('none');
    expect(violationOf(parseStrictJson(new TextEncoder().encode('12345'), limits))).toBe('too_large');
    expect(violationOf(parseStrictJson(new Uint8Array(5).fill(0xff), limits))).toBe('too_large');
  });

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['a cut sequence', [0x22, 0xe2, 0x82, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a value above U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x31, 0x00]],
  ])('refuses %s as bad UTF-8', (_title, bytes) => {
    expect(violationOf(parseStrictJson(Uint8Array.from(bytes)))).toBe('bad_utf8');
  });

  it.each([
    [''],
    ['  '],
    ['{'],
    ['{}{}'],
    ['{"a":1,}'],
    ["{'a':1}"],
    ['NaN'],
    ['01'],
    ['"\u0001"'],
    ['// 1\n1'],
    [']'],
  ])('refuses %j as no JSON', (text) => {
    expect(violationOf(parse(text))).toBe('not_json');
  });

  it('accepts exactly the permitted depth', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(violationOf(parse(nested(64)))).toBe('none');
    expect(violationOf(parse(nested(65)))).toBe('too_deep');
    expect(violationOf(parse('{"a":'.repeat(65) + '1' + '}'.repeat(65)))).toBe('too_deep');
  });

  it('refuses 100,000 levels without exhausting the stack', () => {
    expect(violationOf(parse('['.repeat(100_000) + ']'.repeat(100_000)))).toBe('too_deep');
    expect(violationOf(parse('{"a":'.repeat(100_000)))).toBe('too_deep');
  });

  it('does not count brackets inside of strings, also behind escaped quotes', () => {
    expect(valueOf(parse(`"${'['.repeat(1000)}"`))).toBe('['.repeat(1000));
    expect(valueOf(parse('"\\"[[[\\\\"', 1))).toBe('"[[[\\');
    expect(violationOf(parse('["\\\\",[]]', 1))).toBe('too_deep');
  });

  it.each([
    ['{"__proto__":{}}'],
    ['{"a":[{"b":{"__proto__":1}}]}'],
    ['{"\\u005f_proto__":1}'],
    ['{"\\u005F\\u005fproto\\u005f\\u005f":1}'],
    ['{"__prot\\u006f__":1}'],
    ['{"\\u005f\\u005f\\u0070\\u0072\\u006f\\u0074\\u006f\\u005f\\u005f":1}'],
  ])('refuses the key __proto__, plain or escaped: %s', (text) => {
    expect(violationOf(parse(text))).toBe('forbidden_key');
  });

  it('keeps __proto__ as a value, and constructor as an ordinary key', () => {
    expect(JSON.stringify(valueOf(parse('["__proto__"]')))).toBe('["__proto__"]');
    expect(JSON.stringify(valueOf(parse('{"constructor":{"prototype":1},"toString":2}')))).toBe(
      '{"constructor":{"prototype":1},"toString":2}',
    );
  });

  it('builds every object with a null prototype', () => {
    expect(prototypesIn(valueOf(parse('{"a":[{"b":{}},[{"c":1}]]}')))).toEqual(new Set([null]));
  });

  it('takes the last of duplicate keys', () => {
    expect(JSON.stringify(valueOf(parse('{"a":1,"b":2,"a":3}')))).toBe('{"a":3,"b":2}');
  });

  it('makes the same of a small document, which it copies, as of a large one, which it changes', () => {
    const large = ' '.repeat(5_000);
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const [small, padded] = [parse(text), parse(text + large)];
        expect(padded).toEqual(small);
        if (!small.ok || !padded.ok) return;
        expect(JSON.stringify(padded.value)).toBe(JSON.stringify(small.value));
        for (const value of [small.value, padded.value])
          expect([...prototypesIn(value)].filter((prototype) => prototype !== null)).toEqual([]);
      }),
    );
  });

  it('ignores a byte order mark at the start only', () => {
    expect(valueOf(parse('\ufeff1'))).toBe(1);
    expect(violationOf(parse('1\ufeff'))).toBe('not_json');
  });

  it('reads a document of a million bytes', () => {
    const text = JSON.stringify({ list: Array.from({ length: 100_000 }, (_, index) => index) });
    expect(JSON.stringify(valueOf(parse(text)))).toBe(text);
  });

  it('gives back every JSON value that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        const parsed = parseStrictText(text);
        if (text.includes('"__proto__":')) return violationOf(parsed) === 'forbidden_key';
        return JSON.stringify(valueOf(parsed)) === text;
      }),
    );
  });

  it('settles for any bytes, without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof parseStrictJson(bytes).ok).toBe('boolean');
      }),
    );
  });
});
