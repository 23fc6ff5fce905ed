// Globs and the lines of .dockerignore.
import { describe, expect, it } from 'vitest';
import { IgnoreList } from '../../../src/plugins/context/ignore-list.ts';
import { matchGlob } from '../../../src/plugins/context/match-glob.ts';

const matches = (pattern: string, path: string): boolean => matchGlob(pattern.split('/'), path.split('/'));

function listOf(...lines: readonly string[]): IgnoreList {
  const list = IgnoreList.parse(lines.join('\n'), '.dockerignore');
  if (list instanceof IgnoreList) return list;
  throw new Error(JSON.stringify(list));
}

describe('matchGlob', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['*', 'abc', true],
    ['*', 'a/b', false],
    ['*.js', 'x.js', true],
    ['*.js', 'x.jsx', false],
    ['a*c*e', 'abcde', true],
    ['a*c*e', 'abcd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['?', '🐎', true],
    ['**', 'a/b/c', true],
    ['**/c', 'c', true],
    ['**/c', 'a/b/c', true],
    ['a/**/c', 'a/c', true],
    ['a/**/c', 'a/b/b/c', true],
    ['a/**/c', 'b/c', false],
    ['a/**', 'a/b', true],
    ['**/x/**/y', 'a/x/b/x/y', true],
    ['.*', '.env', true],
    ['a.b', 'axb', false],
  ])('%s on %s is %s', (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected);
  });

  it('stays quick on patterns that make regular expressions explode', () => {
    // With backtracking over every star this would take longer than the universe has.
    expect(matches(`${'*a'.repeat(60)}*b`, 'a'.repeat(250))).toBe(false);
    expect(matches(`${'**/a/'.repeat(60)}b`, Array.from({ length: 120 }, () => 'a').join('/'))).toBe(false);
  });
});

describe('IgnoreList', () => {
  it('ignores a folder with all that is in it', () => {
    const list = listOf('build/');
    expect([list.isIgnored('build'), list.isIgnored('build/a/b'), list.isIgnored('src/build')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(list.isWhollyIgnored('build')).toBe(true);
  });

  it('takes paths from the root with and without a slash', () => {
    expect(listOf('/a').isIgnored('a')).toBe(true);
    expect(listOf('./a').isIgnored('a')).toBe(true);
  });

  it('lets the last line that fits decide', () => {
    const list = listOf('*.log', '!keep.log', 'sub');
    expect([list.isIgnored('a.log'), list.isIgnored('keep.log'), list.isIgnored('sub/keep.log')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(list.isWhollyIgnored('sub')).toBe(false);
  });

  it('skips comments and empty lines, and accepts CRLF', () => {
    const list = listOf('# a', '', 'b\r');
    expect([list.isIgnored('# a'), list.isIgnored('b')]).toEqual([false, true]);
  });

  it('always ignores what editors and version control leave', () => {
    const list = listOf();
    for (const path of ['.git/config', 'a/.git', 'x/__pycache__/m.pyc', '.#main.py', 'a~', 'node_modules/.bin/x']) {
      expect(list.isIgnored(path), path).toBe(true);
    }
    for (const path of ['main.py', 'node_modules/x/index.js', '.env']) expect(list.isIgnored(path), path).toBe(false);
  });

  it('refuses what it would misread, by line', () => {
    const parsed = IgnoreList.parse('a\n[bc]\nd\\e\n', 'x/.dockerignore');
    expect('problems' in parsed && parsed.problems.map(({ line }) => line)).toEqual([2, 3]);
    expect('problems' in IgnoreList.parse('a\n'.repeat(501), 'x')).toBe(true);
  });
});
