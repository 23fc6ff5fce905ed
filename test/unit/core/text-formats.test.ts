// Formats of texts in schemas: what is so written, and what only looks like it.
import { describe, expect, it } from 'vitest';
import { isTextFormat, TEXT_FORMATS } from '../../../src/core/text-formats.ts';
import { validateAgainst } from '../../../src/core/schema-subset.ts';

const CASES = {
  date: [
    ['2026-11-26', '2024-02-29', '2000-02-29', '0001-01-01'],
    ['2026-02-29', '1900-02-29', '2026-13-01', '2026-00-10', '2026-04-31', '2026-1-1', '2026-01-01T00:00:00Z', ''],
  ],
  time: [
    ['23:59:59Z', '00:00:00+02:00', '12:00:00.123z', '23:59:60Z'],
    ['24:00:00Z', '12:60:00Z', '12:00:61Z', '12:00:00', '12:00Z', '12:00:00+24:00'],
  ],
  'date-time': [
    ['2026-11-26T03:11:00Z', '2026-11-26t03:11:00.5+01:00', '2026-11-26 03:11:00Z'],
    ['2026-11-26', '2026-02-30T00:00:00Z', '2026-11-26T25:00:00Z', '2026-11-26_03:11:00Z'],
  ],
  email: [
    ['a@b.example', 'first.last+tag@sub.b.example'],
    ['a@b', '@b.example', 'a b@c.example', 'a@b..example', 'a@@b.example'],
  ],
  uri: [
    ['https://a.example/x?y=z#w', 'urn:isbn:1', 'mailto:a@b.example'],
    ['/relative', 'a b:c', 'http:', '1x:y', 'http://a b'],
  ],
  uuid: [
    ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', '6BA7B810-9DAD-11D1-80B4-00C04FD430C8'],
    ['6ba7b8109dad11d180b400c04fd430c8', '6ba7b810-9dad-11d1-80b4-00c04fd430c', 'g'.repeat(36)],
  ],
} as const;

describe('text formats', () => {
  it.each(Object.entries(CASES))('knows a %s from what only looks like one', (name, [good, bad]) => {
    if (!isTextFormat(name)) throw new Error(`no format is called ${name}`);
    const isWritten = TEXT_FORMATS[name];
    expect(good.filter((text) => !isWritten(text))).toEqual([]);
    expect(bad.filter((text) => isWritten(text))).toEqual([]);
  });

  it('knows no other, not even one that every object has', () => {
    expect(['phone', 'constructor', '__proto__', 7].filter(isTextFormat)).toEqual([]);
  });

  it('asks a value for its format only when it is a text', () => {
    const issuesOf = (value: string | number): readonly string[] =>
      validateAgainst({ format: 'date' }, value).issues.map(({ message }) => message);
    expect(issuesOf(5)).toEqual([]);
    expect(issuesOf('tomorrow')).toEqual(['must be a text of the format date']);
  });
});
