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

describe('redacting in pieces', () => {
  const secrets = fc.array(fc.stringMatching(/^[ab]{8,12}$/), { minLength: 1, maxLength: 3 });
  const pieces = fc.array(fc.stringMatching(/^[abc]{0,30}$/), { maxLength: 12 });

  test('gives what redacting the whole gives, however the bytes were cut', () => {
    fc.assert(
      fc.property(secrets, pieces, (words, parts) => {
        const redact = new Redactor(words);
        const stream = redact.stream();
        const passed = [...parts, 'c'].map((part) => stream.push(Buffer.from(part)));
        expect(Buffer.concat([...passed, stream.end()]).toString()).toBe(redact.text(`${parts.join('')}c`));
      }),
      { numRuns: 2_000 },
    );
  });

  test('makes one mark of secrets that touch where the bytes were cut', () => {
    const redact = new Redactor(['xaaaaaaa', 'ybbbbbbb']);
    const stream = redact.stream();
    const passed = ['xaaaaaaa', 'ybbbbbbb', 'c'].map((piece) => stream.push(Buffer.from(piece)));
    expect(Buffer.concat([...passed, stream.end()]).toString()).toBe(`${REDACTED}c`);
  });

  test('shows no end of a secret again when nothing, or the beginning of another, follows it', () => {
    for (const pieces of [
      ['bbaab', 'bba', '', 'c'],
      ['bbaabbba', 'a', 'c'],
    ]) {
      const stream = new Redactor(['bbaabbba']).stream();
      const passed = pieces.map((piece) => stream.push(Buffer.from(piece)));
      const tail = pieces.join('').slice('bbaabbba'.length);
      expect(Buffer.concat([...passed, stream.end()]).toString()).toBe(REDACTED + tail);
    }
  });

  test('holds back no more than a secret, whatever comes', () => {
    const stream = new Redactor(['a'.repeat(20)]).stream();
    let passed = '';
    for (let count = 0; count < 1_000; count += 1) passed += Buffer.from(stream.push(Buffer.from('aaa'))).toString();
    expect(passed + Buffer.from(stream.end()).toString()).toBe(REDACTED);
  });

  test('takes a long beginning for the secret when the rest never comes', () => {
    const stream = redactor.stream();
    stream.push(Buffer.from('got pa$$ w/o'));
    expect(Buffer.from(stream.end()).toString()).toBe(REDACTED);
  });

  test('leaves bytes alone that are no text', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, value) => value);
    const stream = redactor.stream();
    expect(Buffer.concat([stream.push(bytes), stream.end()])).toEqual(Buffer.from(bytes));
  });
});

test('redacting twice changes nothing, even where a secret looks like the mark', () => {
  const odd = new Redactor(['redacted', SECRET]);
  const once = odd.text(`${SECRET} was redacted`);
  expect(once).toBe(`${REDACTED} was ${REDACTED}`);
  expect(odd.text(once)).toBe(once);
});
