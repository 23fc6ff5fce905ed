// zod's issues as problems with places: unknown keys get a suggestion, every other issue its path and rule.
import type { z } from 'zod';
import type { Problem } from '../core/plugin.ts';
import { escapeText } from '../lib/escape-text.ts';
import { suggest } from '../lib/suggest.ts';
import type { YamlFile } from './read-yaml.ts';

/**
 * @param keysAt the keys that exist at a path, for "did you mean"
 */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  yaml: YamlFile,
  code: 'CONFIG_INVALID' | 'PIPELINE_INVALID',
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.slice(0, PROBLEMS_MAX).map((key) => {
        const near = suggest(key, keysAt(issue.path));
        const message = `unknown key ${show([...issue.path, key])}${near === null ? '' : `; did you mean "${near}"?`}`;
        return { code, message, file: yaml.file, ...yaml.place([...issue.path, key], true) };
      });
    return [{ code, message: `${show(issue.path)} ${plain(issue)}`, file: yaml.file, ...yaml.place(issue.path) }];
  });
}

/** More problems than these tell nobody anything. */
const PROBLEMS_MAX = 100;

/** In the order in which the reader meets them in the file, as far as anybody reads. */
export function firstOf(problems: readonly Problem[]): readonly Problem[] {
  return problems
    .toSorted((left, right) => (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0))
    .slice(0, PROBLEMS_MAX);
}

/** `hooks[0].name` */
export function show(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`;
  return text === '' ? 'the document' : escapeText(text);
}

function plain(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'is missing';
  if (issue.code === 'invalid_type')
    return issue.message.replace(/^Invalid input: expected/, 'must be a value of type');
  if (issue.code === 'too_small') return `is below its least value or length ${String(issue.minimum)}`;
  if (issue.code === 'too_big') return `is above its greatest value or length ${String(issue.maximum)}`;
  return issue.message;
}
