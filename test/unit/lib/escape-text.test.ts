// Hostile text must not move a cursor, start a line, or reorder what is read.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText } from '../../../src/lib/escape-text.ts';

describe('escapeText', () => {
  it.each([
    ['a line break', 'a\nb', 'a\\nb'],
    ['a carriage return and a tab', '\r\t', '\\r\\t'],
    ['an ANSI colour', '\u001b[31mred', '\\u001b[31mred'],
    ['a one-character CSI', '\u009b2J', '\\u009b2J'],
    ['NUL and DEL', '\u0000\u007f', '\\u0000\\u007f'],
    ['a bidirectional override', 'user\u202egnp.exe', 'user\\u202egnp.exe'],
    ['bidirectional isolates', '\u2066x\u2069', '\\u2066x\\u2069'],
    ['zero-width characters', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
    ['line and paragraph separators', '\u2028\u2029', '\\u2028\\u2029'],
    ['lone surrogates', '\ud800x\udc00', '\\ud800x\\udc00'],
  ])('makes %s visible', (_title, text, escaped) => {
    expect(escapeText(text)).toBe(escaped);
  });

  it.each([['Grüße, 你好, مرحبا'], ['👩‍🚀'.replaceAll('\u200d', '')], [''], ['back\\slash "quote" <tag>']])(
    'leaves %j as it is',
    (text) => {
      expect(escapeText(text)).toBe(text);
    },
  );

  it('gives one line of well-formed text without control characters, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeText(text);
        return escaped.isWellFormed() && !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(escaped);
      }),
    );
  });

  it('changes nothing when applied again', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => escapeText(escapeText(text)) === escapeText(text)));
  });
});
