// "Did you mean" must find slips and must not guess wildly.
import { describe, expect, it } from 'vitest';
import { suggest } from '../../../src/lib/suggest.ts';

const WORDS = ['port', 'host', 'timeout', 'memory', 'allowedHosts'] as const;

describe('suggest', () => {
  it.each([
    ['prot', 'port'],
    ['timeuot', 'timeout'],
    ['timout', 'timeout'],
    ['timeoutt', 'timeout'],
    ['memery', 'memory'],
    ['PORT', 'port'],
    ['allowedHost', 'allowedHosts'],
  ])('suggests for %s the word %s', (typed, word) => {
    expect(suggest(typed, WORDS)).toBe(word);
  });

  it.each([['zzzz'], [''], ['prt0x'], ['a'.repeat(65)]])('suggests nothing for %j', (typed) => {
    expect(suggest(typed, WORDS)).toBeNull();
  });

  it('counts swapped neighbours as one edit, but never edits a letter twice', () => {
    expect(suggest('ab', ['ba'])).toBe('ba');
    // "ca" → "abc" would be two edits with a letter edited twice, and is three without.
    expect(suggest('ca', ['abc'])).toBeNull();
  });

  it('prefers the nearest word, and the first of equally near ones', () => {
    expect(suggest('hosts', ['posts', 'host'])).toBe('posts');
    expect(suggest('host', ['posts', 'hosts'])).toBe('hosts');
  });
});
