// The bytes of a plugin.yaml → a checked plugin, or everything that is wrong with it at once. Pure: the file was read by somebody else.
import type { ErrorCode } from '../../core/errors/error-table.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Plugin, Problem } from '../../core/plugin.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { suggest } from '../../lib/suggest.ts';
import type * as z from 'zod';
import { findInlineSecrets } from './find-inline-secrets.ts';
import { findLaterValues, LATER_VALUES, valueAt } from './later-releases.ts';
import { makePlugin } from './make-plugin.ts';
import { MANIFEST_RULES, type RuleBreach } from './manifest-rules.ts';
import { manifestSchema } from './manifest-schema.ts';
import { parseYaml, type ManifestPath, type Places } from './parse-yaml.ts';

/** `warnings` do not keep a plugin from being used; `places` serve what is checked later. */
export type ReadManifest =
  | { readonly plugin: Plugin; readonly warnings: readonly Problem[]; readonly places: Places }
  | { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/**
 * Reads a manifest. Problems come by line and column.
 * @param file the path as the reader would type it; only for the problems
 */
export function readManifest(bytes: Uint8Array, file: string): ReadManifest {
  const parsed = parseYaml(bytes, file);
  if ('problems' in parsed) return { problems: parsed.problems, warnings: [] };
  const { value, places } = parsed;
  const warnings = findInlineSecrets(value).map((path) =>
    places.problem('SECRET_INLINE', path, 'this looks like a secret; name it under `secrets` and provide it apart'),
  );
  const later = findLaterValues(value);
  const result = manifestSchema.safeParse(value);
  const breaches = [
    ...(result.success ? [] : result.error.issues.flatMap((issue) => breachesOf(issue, value))).filter(
      (breach) => !later.some(({ path }) => isWithin(breach.path, path)),
    ),
    ...later.map(({ path, message }): RuleBreach => ({ code: 'NOT_SUPPORTED_YET', path, message })),
    ...MANIFEST_RULES.flatMap((rule) => rule(value)),
  ];
  const problems = breaches.map(({ code, path, message }) => places.problem(code, path, message));
  if (problems.length > 0 || !result.success) return { problems: inOrder(problems), warnings };
  return { plugin: makePlugin(result.data, value), warnings, places };
}

/** Whether the path leads to the value of the other one, or into it. */
function isWithin(path: ManifestPath, outer: ManifestPath): boolean {
  return outer.every((step, index) => step === path[index]);
}

/** By place; a destination that is never permitted comes before the remark that lists of destinations come later. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const rank = (problem: Problem): number => (problem.code === 'EGRESS_FORBIDDEN' ? 0 : 1);
  return [...problems].sort(
    (left, right) =>
      rank(left) - rank(right) || (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0),
  );
}

function breachesOf(issue: z.core.$ZodIssue, manifest: JsonObject): RuleBreach[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'MANIFEST_UNKNOWN_FIELD',
      path: [...path, key],
      message: unknownKey(path, key),
    }));
  }
  const at = path.length === 0 ? 'the manifest' : `\`${escapeText(path.join('.'))}\``;
  return [{ code: codeAt(path), path, message: `${at} ${ruleOf(issue, valueAt(manifest, path))}` }];
}

function codeAt(path: ManifestPath): ErrorCode {
  switch (path[0]) {
    case 'name':
      return 'PLUGIN_NAME_INVALID';
    case 'version':
      return 'VERSION_INVALID';
    case 'limits':
    case 'pool':
      return 'LIMIT_INVALID';
    default:
      return 'MANIFEST_INVALID';
  }
}

function unknownKey(path: ManifestPath, key: string): string {
  const known = knownKeys(path);
  const nearest = suggest(key, known);
  const shown = escapeText([...path, key].join('.')).slice(0, 200);
  const hint = nearest === null ? `known keys: ${known.join(', ')}` : `did you mean \`${nearest}\`?`;
  return `\`${shown}\` does not exist; ${hint}`;
}

/** The keys that a mapping of the manifest may have; those of later releases as well, so that a misspelling of one is understood. */
function knownKeys(path: ManifestPath): readonly string[] {
  const shape = manifestSchema.shape;
  const nested: Readonly<Record<string, z.ZodType>> = {
    limits: shape.limits.unwrap(),
    pool: shape.pool.unwrap(),
    build: shape.build.unwrap(),
    config: shape.config.unwrap(),
    lifecycle: shape.lifecycle.unwrap(),
  };
  const schema = path.length === 0 ? manifestSchema : nested[String(path[0])];
  const own = schema !== undefined && 'shape' in schema ? Object.keys(schema.shape as object) : [];
  const later = LATER_VALUES.filter(
    (value) => value.path.length === path.length + 1 && value.path[0] === (path[0] ?? value.path[0]),
  );
  return [...new Set([...own, ...later.map((value) => value.path.at(-1) ?? '')])];
}

function ruleOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is required';
  if (issue.message.startsWith('must ')) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}, not ${typeOf(value)}`;
    case 'too_small':
      return `must have at least ${String(issue.minimum)}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must have at most ${String(issue.maximum)}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : ' as its value';
}

function article(type: string): string {
  const word =
    { record: 'mapping', object: 'mapping', array: 'list', string: 'text', int: 'whole number' }[type] ?? type;
  return `a ${word}`;
}

function typeOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return article(typeof value);
}
