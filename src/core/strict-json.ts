// JSON from a hostile side: JSON.parse does the grammar, and this file adds what it lacks – size, depth, valid UTF-8, no `__proto__`.
// Depth is counted on the text before parsing, so nested brackets cannot exhaust the stack. A duplicate key: the last one wins.
import { JSON_DEPTH_MAX, MESSAGE_BYTES_MAX } from './limits.ts';
import type { JsonObject, JsonValue } from './json.ts';

export type JsonViolation = 'too_large' | 'bad_utf8' | 'too_deep' | 'not_json' | 'forbidden_key';

export type StrictJson =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly violation: JsonViolation; readonly message: string };

export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

const DEFAULTS: JsonLimits = { maxBytes: MESSAGE_BYTES_MAX, maxDepth: JSON_DEPTH_MAX };
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Parses one JSON document of UTF-8 bytes. A byte order mark at the start is ignored. Objects have a null prototype. */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits = DEFAULTS): StrictJson {
  if (bytes.length > limits.maxBytes)
    return fault('too_large', `${String(bytes.length)} bytes, at most ${String(limits.maxBytes)} are accepted`);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return fault('bad_utf8', 'the bytes are not valid UTF-8');
  }
  return parseStrictText(text, limits.maxDepth);
}

/** As parseStrictJson, for text whose size was checked already. */
export function parseStrictText(text: string, maxDepth: number = JSON_DEPTH_MAX): StrictJson {
  if (depthOf(text) > maxDepth) return fault('too_deep', `nested deeper than ${String(maxDepth)} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fault('not_json', error instanceof Error ? withoutSource(error.message) : 'not JSON');
  }
  // A cheap test first: most documents hold no such key, written plainly or with any of its letters as an escape.
  if (/__proto__|\\u00[567]/i.test(text) && hasForbiddenKey(value))
    return fault('forbidden_key', 'the key "__proto__" is not accepted');
  return { ok: true, value: text.length <= COPIED_CHARS ? bareCopy(value as JsonValue) : bare(value as JsonValue) };
}

function fault(violation: JsonViolation, message: string): StrictJson {
  return { ok: false, violation, message };
}

/** The engine quotes a few characters of the source, which may be the middle of a secret: no search for secrets finds that. */
function withoutSource(message: string): string {
  return message.replace(/, (\.\.\.)?".*"(\.\.\.)? is not valid JSON$/s, ' is not valid JSON');
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Greatest nesting of brackets outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charCodeAt(index);
    if (char === QUOTE) index = endOfString(text, index);
    else if (isOpening(char)) deepest = Math.max(deepest, (depth += 1));
    else if (isClosing(char)) depth -= 1;
  }
  return deepest;
}

/** Where the string that begins at `start` has its closing quote; the end of the text when it has none. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

/** An odd number of backslashes stands before it. */
function isEscaped(text: string, index: number): boolean {
  let before = index;
  while (text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
  return (index - before) % 2 === 1;
}

function isOpening(char: number): boolean {
  return char === 123 || char === 91;
}

function isClosing(char: number): boolean {
  return char === 125 || char === 93;
}

function hasForbiddenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasForbiddenKey);
  return Object.entries(value).some(([key, member]) => key === '__proto__' || hasForbiddenKey(member));
}

/** Up to here it is quicker to copy objects than to take their prototypes off; a large document would take four times as long. */
const COPIED_CHARS = 4096;

function bareCopy(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(bareCopy);
  const copy = Object.create(null) as JsonObject;
  for (const key of Object.keys(value)) copy[key] = bareCopy(value[key] ?? null);
  return copy;
}

/** Takes the prototype off every object, in place. */
function bare(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (const item of value) bare(item);
    return value;
  }
  for (const key of Object.keys(value)) bare(value[key] ?? null);
  return Object.setPrototypeOf(value, null) as JsonValue;
}
