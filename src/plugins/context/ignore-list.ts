// What of a plugin's folder stays out of its image: a few names that never belong there, then the lines of .dockerignore. Supported: `#`
// comments, `*`, `?`, `**`, a leading `/`, `!` to take back; the last line that fits decides. Character classes and `\` are refused:
// read as plain text, they would let pass what the author wanted to keep out.
import type { Problem } from '../../core/plugin.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { matchGlob } from './match-glob.ts';

/** Left by version control, interpreters, editors and package managers (the last one holds nothing but symlinks). */
export const ALWAYS_IGNORED: readonly string[] = [
  '**/.git',
  '**/.hg',
  '**/.svn',
  '**/.DS_Store',
  '**/__pycache__',
  '**/*.pyc',
  '**/*.swp',
  '**/*~',
  '**/.#*',
  '**/node_modules/.bin',
];

export const IGNORE_LINES_MAX = 500;

interface Pattern {
  readonly parts: readonly string[];
  readonly isTakenBack: boolean;
}

export class IgnoreList {
  readonly #patterns: readonly Pattern[];
  readonly #hasTakenBack: boolean;

  private constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    this.#hasTakenBack = patterns.some(({ isTakenBack }) => isTakenBack);
  }

  /** Only what is always left out. */
  static none(): IgnoreList {
    return new IgnoreList(ALWAYS_IGNORED.map(toPattern));
  }

  /** @param file path of the .dockerignore, for the problems */
  static parse(text: string, file: string): IgnoreList | { readonly problems: readonly Problem[] } {
    const problems: Problem[] = [];
    const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
    const patterns = ALWAYS_IGNORED.map(toPattern);
    lines.slice(0, IGNORE_LINES_MAX).forEach((raw, index) => {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) return;
      if (/[[\]\\]/.test(line)) problems.push(problemAt(file, index + 1, `\`${escapeText(line).slice(0, 100)}\``));
      else patterns.push(toPattern(line));
    });
    if (lines.length > IGNORE_LINES_MAX) problems.push(problemAt(file, IGNORE_LINES_MAX + 1, 'too many lines'));
    return problems.length > 0 ? { problems } : new IgnoreList(patterns);
  }

  /** True when the path, or a folder above it, is ignored. */
  isIgnored(path: string): boolean {
    const parts = path.split('/');
    let isIgnored = false;
    for (const pattern of this.#patterns) {
      if (pattern.isTakenBack === isIgnored && matchesWithParents(pattern.parts, parts)) isIgnored = !isIgnored;
    }
    return isIgnored;
  }

  /** True when nothing below the folder can be wanted. */
  isWhollyIgnored(folder: string): boolean {
    return !this.#hasTakenBack && this.isIgnored(folder);
  }
}

function toPattern(line: string): Pattern {
  const isTakenBack = line.startsWith('!');
  const parts = (isTakenBack ? line.slice(1) : line).split('/').filter((part) => part !== '' && part !== '.');
  return { parts, isTakenBack };
}

function matchesWithParents(pattern: readonly string[], parts: readonly string[]): boolean {
  return parts.some((_, index) => matchGlob(pattern, parts.slice(0, index + 1)));
}

function problemAt(file: string, line: number, what: string): Problem {
  const message = `${what}: character classes and \`\\\` are not supported, at most ${IGNORE_LINES_MAX} lines`;
  return { code: 'MANIFEST_INVALID', message, file, line, column: 1 };
}
