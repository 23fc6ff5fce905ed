// Hostile bytes → plain values with null prototypes, and where each of them stands. Walks the YAML nodes itself, so that aliases,
// depth and forbidden keys are seen before any value exists; the places serve every later rule.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLError } from 'yaml';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { isJsonObject } from '../../core/json.ts';
import type { ErrorCode } from '../../core/errors/error-table.ts';
import type { Problem } from '../../core/plugin.ts';
import { escapeText } from '../../lib/escape-text.ts';

export const MANIFEST_BYTES_MAX = 64 * 1024;
export const MANIFEST_DEPTH_MAX = 64;
const FORBIDDEN_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];
/** A broken file can give thousands of errors that all say the same. */
const SYNTAX_PROBLEMS_MAX = 5;

export type ManifestPath = readonly (string | number)[];

export interface Places {
  /** Line and column, both from 1: of the value at the path, of the key if the key is wrong, else of the nearest thing around. */
  problem(code: ErrorCode, path: ManifestPath, message: string): Problem;
}

export type ParsedYaml =
  { readonly value: JsonObject; readonly places: Places } | { readonly problems: readonly Problem[] };

type Place = readonly [line: number, column: number];

/** Reads one YAML document whose root is a mapping. At most `MANIFEST_BYTES_MAX` bytes; BOM and CRLF are accepted. */
export function parseYaml(bytes: Uint8Array, file: string): ParsedYaml {
  const refuse = (code: ErrorCode, message: string, place: Place = [1, 1]): ParsedYaml => ({
    problems: [{ code, message, file, line: place[0], column: place[1] }],
  });
  if (bytes.byteLength > MANIFEST_BYTES_MAX) {
    return refuse('MANIFEST_TOO_LARGE', `the file has more than ${MANIFEST_BYTES_MAX} bytes`);
  }
  const text = decode(bytes);
  if (text === null) return refuse('ENCODING', 'the file is not UTF-8; save it as UTF-8');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, version: '1.2', schema: 'core' });
  const errors: readonly YAMLError[] = [...document.errors, ...document.warnings];
  if (errors.length > 0) return { problems: syntaxProblems(errors, file) };
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return refuse('MANIFEST_EMPTY', 'the file has no content');
  }
  const walk = new Walk(file, lines);
  const value = walk.read(document.contents, [], 1);
  if (walk.problems.length > 0) return { problems: walk.problems };
  return isJsonObject(value)
    ? { value, places: walk }
    : refuse('MANIFEST_INVALID', 'the file must be a mapping of keys to values');
}

/** The text, or null when it is not UTF-8 (UTF-16 without a mark shows by its zero bytes). */
function decode(bytes: Uint8Array): string | null {
  if (bytes.byteLength >= 2 && (bytes[0] === 0 || bytes[1] === 0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function syntaxProblems(errors: readonly YAMLError[], file: string): Problem[] {
  const isTooDeep = errors.some((error) => error.code === 'RESOURCE_EXHAUSTION');
  const shown = isTooDeep ? errors.filter((error) => error.code === 'RESOURCE_EXHAUSTION').slice(0, 1) : errors;
  return shown.slice(0, SYNTAX_PROBLEMS_MAX).map((error) => ({
    code: isTooDeep ? 'MANIFEST_TOO_COMPLEX' : 'MANIFEST_SYNTAX',
    message: isTooDeep ? tooDeep() : error.code === 'DUPLICATE_KEY' ? STANDS_TWICE : firstLine(error.message),
    file,
    line: error.linePos?.[0].line ?? 1,
    column: error.linePos?.[0].col ?? 1,
  }));
}

const STANDS_TWICE = 'this key stands in the same mapping a second time; keep one of the two';

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  return escapeText(line.replace(/ at line \d+, column \d+:?$/, '')).slice(0, 300);
}

function tooDeep(): string {
  return `values nest deeper than ${MANIFEST_DEPTH_MAX}`;
}

class Walk implements Places {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;
  /** of values; of a list or mapping, its key */
  readonly #places = new Map<string, Place>();
  readonly #keyPlaces = new Map<string, Place>();

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  problem(code: ErrorCode, path: ManifestPath, message: string): Problem {
    const key = code === 'MANIFEST_UNKNOWN_FIELD' ? this.#keyPlaces.get(JSON.stringify(path)) : undefined;
    const [line, column] = key ?? this.#placeOf(path);
    return { code, message, file: this.#file, line, column };
  }

  #placeOf(path: ManifestPath): Place {
    for (let length = path.length; length > 0; length -= 1) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return [1, 1];
  }

  read(node: unknown, path: ManifestPath, depth: number): JsonValue {
    const place = this.#place(node);
    if (isScalar(node)) this.#places.set(JSON.stringify(path), place);
    if (isAlias(node)) return this.#refuse('MANIFEST_TOO_COMPLEX', place, 'aliases are not permitted; write it out');
    if (depth > MANIFEST_DEPTH_MAX) return this.#refuse('MANIFEST_TOO_COMPLEX', place, tooDeep());
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index], depth + 1));
    if (isMap(node)) return this.#readMap(node.items, path, depth);
    return this.#readScalar(node, place);
  }

  #readMap(pairs: readonly { key: unknown; value: unknown }[], path: ManifestPath, depth: number): JsonObject {
    const object = Object.create(null) as JsonObject;
    for (const pair of pairs) {
      const place = this.#place(pair.key);
      const name = isScalar(pair.key) ? String(pair.key.value) : null;
      if (name === null) this.#refuse('MANIFEST_INVALID', place, 'a key must be plain text');
      else if (FORBIDDEN_KEYS.includes(name)) {
        this.#refuse('MANIFEST_FORBIDDEN_KEY', place, `the key \`${name}\` is never permitted`);
      } else {
        this.#places.set(JSON.stringify([...path, name]), place);
        this.#keyPlaces.set(JSON.stringify([...path, name]), place);
        object[name] = this.read(pair.value, [...path, name], depth + 1);
      }
    }
    return object;
  }

  #readScalar(node: unknown, place: Place): JsonValue {
    const value: unknown = isScalar(node) ? node.value : null;
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') {
      return value;
    }
    return this.#refuse(
      'MANIFEST_INVALID',
      place,
      'only texts, numbers, true, false, lists and mappings are permitted',
    );
  }

  #refuse(code: ErrorCode, [line, column]: Place, message: string): null {
    if (this.problems.length < 20) this.problems.push({ code, message, file: this.#file, line, column });
    return null;
  }

  #place(node: unknown): Place {
    const offset = (node as Node | null)?.range?.[0];
    if (offset === undefined) return [1, 1];
    const { line, col } = this.#lines.linePos(offset);
    return [line, col];
  }
}
