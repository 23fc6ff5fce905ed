// A YAML file as plain values that remember their places, so that a problem names file:line:column.
import { readFile } from 'node:fs/promises';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import type { Problem } from '../core/plugin.ts';

export interface YamlFile {
  readonly file: string;
  readonly value: unknown;
  /** Line and column (from 1) of the value at the path, or of its nearest parent that exists; of the key where `isKey`. */
  place(
    path: readonly PropertyKey[],
    isKey?: boolean,
  ): { readonly line: number | null; readonly column: number | null };
}

const FILE_BYTES_MAX = 1024 * 1024;

/** @throws GantryError CONFIG_NOT_FOUND, CONFIG_SYNTAX with every problem of the text */
export async function readYaml(path: string, shownAs: string): Promise<YamlFile> {
  let text: string;
  try {
    const bytes = await readFile(path);
    if (bytes.length > FILE_BYTES_MAX)
      throw new GantryError('CONFIG_INVALID', `${shownAs}: ${bytes.length} bytes, at most ${FILE_BYTES_MAX} are read`);
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof GantryError) throw error;
    if (error instanceof TypeError) throw new GantryError('CONFIG_SYNTAX', `${shownAs}: not valid UTF-8`);
    throw new GantryError('CONFIG_NOT_FOUND', `${shownAs}: ${messageOf(error)}`, { cause: error });
  }
  return parseYaml(text, shownAs);
}

/** As readYaml, for text that is here already. */
export function parseYaml(text: string, file: string): YamlFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, maxAliasCount: 0 } as object);
  const problems: Problem[] = document.errors.map((error) => ({
    code: 'CONFIG_SYNTAX',
    message: error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? 'not YAML',
    file,
    line: error.linePos?.[0].line ?? null,
    column: error.linePos?.[0].col ?? null,
  }));
  if (problems.length > 0) throw new GantryError('CONFIG_SYNTAX', `${file} is not acceptable YAML`, { problems });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new GantryError('CONFIG_SYNTAX', `${file}: ${messageOf(error)}`, { cause: error });
  }
  return { file, value, place: (path, isKey = false) => placeOf(document, counter, path, isKey) };
}

function placeOf(
  document: Document.Parsed,
  counter: LineCounter,
  path: readonly PropertyKey[],
  isKey: boolean,
): { line: number | null; column: number | null } {
  const offset = isKey ? (keyOffset(document, path) ?? valueOffset(document, path)) : valueOffset(document, path);
  if (offset === null) return { line: null, column: null };
  const { line, col } = counter.linePos(offset);
  return { line, column: col };
}

function keyOffset(document: Document.Parsed, path: readonly PropertyKey[]): number | null {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return null;
  const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(path.at(-1)));
  return isNode(pair?.key) ? (pair.key.range?.[0] ?? null) : null;
}

function valueOffset(document: Document.Parsed, path: readonly PropertyKey[]): number | null {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? null;
}
