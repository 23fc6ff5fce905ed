// What YAML can say and JSON cannot: aliases, tags of its own, numbers without a value, keys that are no text. Every value of a configuration
// file goes on as JSON (to plugins, hashes, the store), so none of these may be taken for something else. Also how deep values nest.
import { isAlias, isMap, isScalar, isSeq, type Document, type Node } from 'yaml';
import { JSON_DEPTH_MAX } from '../core/limits.ts';

/** `offset`: characters from the start of the text. */
export interface YamlFault {
  readonly offset: number;
  readonly message: string;
}

/** Beyond this number they say nothing new. */
export const FAULTS_MAX = 20;

/** Of a document without errors, at most FAULTS_MAX. */
export function checkYaml(document: Document.Parsed): readonly YamlFault[] {
  const faults: YamlFault[] = document.warnings.slice(0, FAULTS_MAX).map(({ pos, message }) => ({
    offset: pos[0],
    message: message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '',
  }));
  const report = (node: unknown, message: string): void => {
    if (faults.length < FAULTS_MAX) faults.push({ offset: (node as Node | null)?.range?.[0] ?? 0, message });
  };
  checkNode(document.contents, 0, report);
  return faults;
}

type Report = (node: unknown, message: string) => void;

function checkNode(node: unknown, depth: number, report: Report): void {
  if (isAlias(node)) report(node, 'aliases are not permitted; write it out');
  else if (isScalar(node)) checkScalar(node, report);
  else if (depth >= JSON_DEPTH_MAX) report(node, `values nest deeper than ${String(JSON_DEPTH_MAX)}`);
  else if (isSeq(node)) for (const item of node.items) checkNode(item, depth + 1, report);
  else if (isMap(node)) checkMap(node.items, depth, report);
}

/** Keys that stand twice are looked for here: the library compares each with each, which takes a minute for twenty thousand. */
function checkMap(
  pairs: readonly { readonly key: unknown; readonly value: unknown }[],
  depth: number,
  report: Report,
): void {
  const seen = new Set<string>();
  for (const { key, value } of pairs) {
    checkKey(key, report);
    const name = isScalar(key) ? String(key.value) : null;
    if (name !== null && seen.has(name)) report(key, 'Map keys must be unique');
    else if (name !== null) seen.add(name);
    checkNode(value, depth + 1, report);
  }
}

function checkKey(key: unknown, report: Report): void {
  if (!isScalar(key) || key.value === null || typeof key.value === 'object') report(key, 'a key must be plain text');
  else if (key.value === '__proto__') report(key, 'the key `__proto__` is never permitted');
}

function checkScalar(node: { readonly value: unknown }, report: Report): void {
  const { value } = node;
  if (typeof value === 'number' && !Number.isFinite(value)) report(node, 'is no number that JSON knows');
  else if (value !== null && typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    report(node, 'only texts, numbers, true, false, null, lists and mappings are permitted');
}
