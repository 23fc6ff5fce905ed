// Values that the contract knows and this release does not implement. They are refused, never ignored: a plugin that asks for
// isolation must not run without it.
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { ManifestPath } from './parse-yaml.ts';

interface LaterValue {
  readonly path: readonly string[];
  readonly isUsed: (value: JsonValue) => boolean;
  readonly instead: string;
}

const isOneOf =
  (...words: readonly string[]) =>
  (value: JsonValue): boolean =>
    typeof value === 'string' && words.includes(value);
const hasOneOf =
  (...words: readonly string[]) =>
  (value: JsonValue): boolean =>
    Array.isArray(value) && value.some(isOneOf(...words));

export const LATER_VALUES: readonly LaterValue[] = [
  { path: ['isolation'], isUsed: isOneOf('gvisor'), instead: 'use `standard`' },
  { path: ['network'], isUsed: (value) => isJsonObject(value) && 'allow' in value, instead: 'use `none`' },
  { path: ['services'], isUsed: hasOneOf('http', 'secret'), instead: 'use `state` and `artifact` only' },
];

/** The values of later releases that the manifest uses: path and what to write instead. */
export function findLaterValues(manifest: JsonObject): { readonly path: ManifestPath; readonly message: string }[] {
  return LATER_VALUES.filter(({ path, isUsed }) => {
    const value = valueAt(manifest, path);
    return value !== undefined && isUsed(value);
  }).map(({ path, instead }) => ({
    path,
    message: `this release does not implement this value of \`${path.join('.')}\` yet; ${instead}`,
  }));
}

/** The value at a path, or undefined. */
export function valueAt(root: JsonValue, path: ManifestPath): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const step of path) {
    if (Array.isArray(value)) value = typeof step === 'number' ? value[step] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}
