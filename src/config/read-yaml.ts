// A YAML file as plain values that remember their places, so that a problem names file:line:column.
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { GantryError, messageOf } from '../core/errors/gantry-error.ts';
import type { Problem } from '../core/plugin.ts';
import { JSON_DEPTH_MAX } from '../core/limits.ts';
import { checkYaml, FAULTS_MAX } from './check-yaml.ts';

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
    if (!isUtf8(bytes)) throw refusal(shownAs, [syntaxProblem(shownAs, 'not valid UTF-8', brokenLine(bytes), 1)]);
    text = new TextDecoder('utf-8').decode(bytes);
  } catch (error) {
    if (error instanceof GantryError) throw error;
    throw new GantryError('CONFIG_NOT_FOUND', `${shownAs}: ${messageOf(error)}`, { cause: error });
  }
  return parseYaml(text, shownAs);
}

/** As readYaml, for text that is here already. */
export function parseYaml(text: string, file: string): YamlFile {
  const counter = new LineCounter();
  const at = (offset: number, message: string): Problem => {
    const { line, col } = counter.linePos(offset);
    return syntaxProblem(file, message, line, col);
  };
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false, maxAliasCount: 0 } as object);
  const errors = document.errors.slice(0, FAULTS_MAX);
  if (errors.length > 0)
    throw refusal(
      file,
      errors.map(({ code, message, pos }) => at(pos[0], plain(code, message))),
    );
  const faults = checkYaml(document);
  if (faults.length > 0)
    throw refusal(
      file,
      faults.map(({ offset, message }) => at(offset, message)),
    );
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  return { file, value, place: (path, isKey = false) => placeOf(document, counter, path, isKey) };
}

function refusal(file: string, problems: readonly Problem[]): GantryError {
  return new GantryError('CONFIG_SYNTAX', `${file} is not acceptable YAML`, { problems });
}

function syntaxProblem(file: string, message: string, line: number, column: number): Problem {
  return { code: 'CONFIG_SYNTAX', message, file, line, column };
}

function plain(code: string, message: string): string {
  if (code === 'RESOURCE_EXHAUSTION') return `values nest deeper than ${String(JSON_DEPTH_MAX)}`;
  return message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? 'not YAML';
}

/** The first line that is not UTF-8, from 1: no character of several bytes has a line break in it. */
function brokenLine(bytes: Uint8Array): number {
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
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
  return document.contents?.range[0] ?? 0;
}
