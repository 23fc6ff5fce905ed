// Warns of values that look like secrets in a manifest, which lands in repositories and images. Messages never repeat the value.
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { ManifestPath } from './parse-yaml.ts';

const TELLING_VALUE =
  /-----BEGIN [A-Z ]*PRIVATE KEY|\b(ghp|gho|ghs|github_pat|glpat|xox[abpr])[_-][A-Za-z0-9_-]{10,}|\bAKIA[0-9A-Z]{16}\b|\bsk[-_](live|test|proj|ant)?[-_A-Za-z0-9]{16,}|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}|:\/\/[^\s/:@]+:[^\s/@]+@/;
const TELLING_NAME = /(^|[_.-])(pass(word|wd|phrase)?|secret|token|api[_-]?key|private[_-]?key|credentials?)$/i;
const TELLING_ARGUMENT = /^-{1,2}[a-z-]*(password|secret|token|api-?key)[a-z-]*=.+/i;

/** Paths of values that look like secrets. */
export function findInlineSecrets(root: JsonValue): ManifestPath[] {
  const found: ManifestPath[] = [];
  visit(root, [], false, found);
  return found;
}

function visit(value: JsonValue, path: ManifestPath, isNamedSecret: boolean, found: ManifestPath[]): void {
  if (typeof value === 'string') {
    const isTelling = TELLING_VALUE.test(value) || TELLING_ARGUMENT.test(value);
    if (isTelling || (isNamedSecret && value.length >= 4)) found.push(path);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      visit(item, [...path, index], false, found);
    });
  } else if (isJsonObject(value)) {
    for (const [key, child] of Object.entries(value)) visit(child, [...path, key], namesSecret(path, key), found);
  }
}

/** `secrets: {X: value}`, `password: value`, and the default of a property called `password`. */
function namesSecret(path: ManifestPath, key: string): boolean {
  if (path.length === 1 && path[0] === 'secrets') return true;
  const parent = path.at(-1);
  if (key === 'default' || key === 'const') return typeof parent === 'string' && TELLING_NAME.test(parent);
  return key !== 'secrets' && TELLING_NAME.test(key);
}
