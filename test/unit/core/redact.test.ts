// Secrets leave what plugins give back, in every form that a plugin is likely to write them in.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REDACTED, Redactor } from '../../../src/core/redact.ts';

const SECRET = 'pa$$ w/ord+é=';
const redactor = new Redactor([SECRET]);

describe('Redactor', () => {
  test.each([
    ['plainly', SECRET],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['URL-encoded', encodeURIComponent(SECRET)],
    ['URL-encoded in lower case', encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase())],
    ['as a form field', new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ['JSON-escaped', JSON.stringify(SECRET).slice(1, -1)],
  ])('takes a secret out that is written %s', (_, form) => {
    expect(redactor.text(`before ${form} after`)).toBe(`before ${REDACTED} after`);
  });

  test.each([0, 1, 2, 3, 4])('takes a secret out of base64 that begins %i bytes before it', (lead) => {
    const whole = Buffer.from(`${'u'.repeat(lead)}${SECRET}:tail`).toString('base64');
    const left = redactor.text(whole);
    expect(left).toContain(REDACTED);
    const kept = left.replace(REDACTED, '');
    expect(kept.length).toBeLessThan(whole.length - SECRET.length);
  });

  test('takes a secret out of keys, nested strings and numbers', () => {
    const numbers = new Redactor(['12345678', 'hidden-key']);
    expect(numbers.json({ 'hidden-key': [{ n: 12_345_678, m: 1 }, 'x12345678'], ok: true })).toEqual({
      [REDACTED]: [{ n: REDACTED, m: 1 }, `x${REDACTED}`],
      ok: true,
    });
  });

  test('leaves no part of overlapping secrets', () => {
    const both = new Redactor(['abcdefgh12', 'gh12345678']);
    expect(both.text('-abcdefgh12345678-')).toBe(`-${REDACTED}-`);
  });

  test('takes each long line of a secret of several lines out', () => {
    const pem = new Redactor(['-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nshort\n-----END KEY-----\n']);
    expect(pem.text('got MIIEowIBAAKCAQEA')).toBe(`got ${REDACTED}`);
  });

  test('takes a secret out as the host escapes it', () => {
    const escaping = new Redactor(['tab\tinside'], (text) => text.replaceAll('\t', '\\u0009'));
    expect(escaping.text('say tab\\u0009inside')).toBe(`say ${REDACTED}`);
  });

  test('gives the value itself back when there are no secrets', () => {
    const value = { a: [1] };
    expect(new Redactor([]).json(value)).toBe(value);
  });

  test('marks a long run of repeats once', () => {
    expect(new Redactor(['aaaaaaaa']).text('a'.repeat(100_000))).toBe(REDACTED);
  });

  test('never lets a secret through, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!REDACTED.includes(secret) && secret.trim().length >= 8);
        const text = new Redactor([secret]).text(before + secret + after);
        expect(text.split(REDACTED).some((part) => part.includes(secret))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});
