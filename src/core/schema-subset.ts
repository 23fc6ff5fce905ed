// The documented subset of JSON Schema for plugin settings and pipeline params: checked when declared, applied when a value comes.
// No `pattern`, so no expression of an author can hang us.
// Defaults of properties are filled in where their object stands; an absent object appears only by a default of its own.
import { isTextFormat, TEXT_FORMATS } from './text-formats.ts';
import { isJsonObject, isSameJson, type JsonObject, type JsonValue } from './json.ts';

/** Where in the schema or value, from its root, and what is wrong there. */
export interface SchemaIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The value after defaults were filled in; meaningful only without issues. */
export interface Validated {
  readonly value: JsonValue;
  readonly issues: readonly SchemaIssue[];
}

export const SCHEMA_TYPES = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'] as const;
/** Depth of nested schemas that is accepted. */
export const SCHEMA_DEPTH_MAX = 16;

type Path = readonly (string | number)[];
type Report = (path: Path, message: string) => void;

const isCount = (value: JsonValue): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: JsonValue): boolean => typeof value === 'string';

/** keyword → what its value must be; `nested` ones are looked into as well. */
const KEYWORDS: Readonly<Record<string, { readonly must: string; readonly fits: (value: JsonValue) => boolean }>> = {
  type: { must: `one of ${SCHEMA_TYPES.join(', ')}, or a list of them`, fits: isTypeValue },
  properties: { must: 'an object of schemas', fits: isJsonObject },
  required: { must: 'a list of names', fits: (value) => Array.isArray(value) && value.every(isText) },
  enum: { must: 'a list with at least one value', fits: (value) => Array.isArray(value) && value.length > 0 },
  const: { must: 'a value', fits: () => true },
  minimum: { must: 'a number', fits: Number.isFinite },
  maximum: { must: 'a number', fits: Number.isFinite },
  minLength: { must: 'a whole number of at least 0', fits: isCount },
  maxLength: { must: 'a whole number of at least 0', fits: isCount },
  format: { must: `one of ${Object.keys(TEXT_FORMATS).join(', ')}`, fits: isTextFormat },
  items: { must: 'a schema', fits: isJsonObject },
  default: { must: 'a value', fits: () => true },
  description: { must: 'a text', fits: isText },
  additionalProperties: { must: 'true or false', fits: (value) => typeof value === 'boolean' },
};

/** Keywords of the subset, for documents and suggestions. */
export const SCHEMA_KEYWORDS: readonly string[] = Object.keys(KEYWORDS);

function isTypeName(value: JsonValue): boolean {
  return (SCHEMA_TYPES as readonly JsonValue[]).includes(value);
}

function isTypeValue(value: JsonValue): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every(isTypeName) : isTypeName(value);
}

/** Everything that is wrong with a schema; empty when it can be used. The schema may be hostile. */
export function checkSchema(schema: JsonValue): readonly SchemaIssue[] {
  const issues: SchemaIssue[] = [];
  checkNode(schema, [], (path, message) => issues.push({ path, message }));
  return issues;
}

function checkNode(schema: JsonValue, path: Path, report: Report): void {
  if (!isJsonObject(schema)) {
    report(path, 'a schema must be an object');
    return;
  }
  if (path.length > 2 * SCHEMA_DEPTH_MAX) {
    report(path, `schemas may nest at most ${SCHEMA_DEPTH_MAX} deep`);
    return;
  }
  let faults = 0;
  const reportHere: Report = (place, message) => {
    faults += 1;
    report(place, message);
  };
  for (const [keyword, value] of Object.entries(schema)) checkKeyword(keyword, value, path, reportHere);
  checkRanges(schema, path, reportHere);
  for (const [place, nested] of nestedSchemas(schema)) checkNode(nested, [...path, ...place], reportHere);
  const fallback = member(schema, 'default');
  if (faults > 0 || fallback === undefined) return;
  for (const issue of validateAgainst(schema, fallback).issues) {
    report([...path, 'default', ...issue.path], `the default does not fit its own schema: ${issue.message}`);
  }
}

function checkKeyword(keyword: string, value: JsonValue, path: Path, report: Report): void {
  const rule = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
  if (rule === undefined) {
    report([...path, keyword], `keyword \`${keyword}\` is not in the subset (${SCHEMA_KEYWORDS.join(', ')})`);
  } else if (!rule.fits(value)) report([...path, keyword], `\`${keyword}\` must be ${rule.must}`);
}

function checkRanges(schema: JsonObject, path: Path, report: Report): void {
  for (const [low, high] of [
    ['minimum', 'maximum'],
    ['minLength', 'maxLength'],
  ] as const) {
    const [least, most] = [member(schema, low), member(schema, high)];
    if (typeof least === 'number' && typeof most === 'number' && least > most) {
      report([...path, low], `\`${low}\` ${least} is above \`${high}\` ${most}`);
    }
  }
}

function nestedSchemas(schema: JsonObject): [Path, JsonValue][] {
  const properties = member(schema, 'properties');
  const items = member(schema, 'items');
  const nested: [Path, JsonValue][] = isJsonObject(properties)
    ? Object.entries(properties).map(([name, child]) => [['properties', name], child])
    : [];
  if (isJsonObject(items)) nested.push([['items'], items]);
  return nested;
}

/** Checks a value against a schema that `checkSchema` accepted and fills in defaults; the given value is not changed. */
export function validateAgainst(schema: JsonObject, value: JsonValue): Validated {
  const issues: SchemaIssue[] = [];
  const filled = applyNode(schema, value, [], (path, message) => issues.push({ path, message }));
  return { value: filled, issues };
}

function applyNode(schema: JsonObject, value: JsonValue, path: Path, report: Report): JsonValue {
  const type = member(schema, 'type');
  if (type !== undefined && !typeNames(type).some((name) => isOfType(name, value))) {
    report(path, `must be ${typeNames(type).join(' or ')}, not ${typeOf(value)}`);
    return value;
  }
  checkListed(schema, value, path, report);
  if (typeof value === 'number') checkBounds(value, schema, ['minimum', 'maximum'], '', path, report);
  if (typeof value === 'string') {
    checkBounds(codePoints(value), schema, ['minLength', 'maxLength'], ' characters', path, report);
    const format = member(schema, 'format');
    if (isTextFormat(format) && !TEXT_FORMATS[format](value)) report(path, `must be a text of the format ${format}`);
  }
  if (Array.isArray(value)) return applyItems(schema, value, path, report);
  return isJsonObject(value) ? applyProperties(schema, value, path, report) : value;
}

function checkListed(schema: JsonObject, value: JsonValue, path: Path, report: Report): void {
  const listed = member(schema, 'enum');
  if (Array.isArray(listed) && !listed.some((one) => isSameJson(one, value))) {
    report(path, `must be one of ${listed.map((one) => JSON.stringify(one)).join(', ')}`);
  }
  const fixed = member(schema, 'const');
  if (fixed !== undefined && !isSameJson(fixed, value)) report(path, `must be ${JSON.stringify(fixed)}`);
}

function checkBounds(
  size: number,
  schema: JsonObject,
  [low, high]: readonly [string, string],
  unit: string,
  path: Path,
  report: Report,
): void {
  const [least, most] = [member(schema, low), member(schema, high)];
  if (typeof least === 'number' && size < least) report(path, `must be at least ${least}${unit}, not ${size}`);
  if (typeof most === 'number' && size > most) report(path, `must be at most ${most}${unit}, not ${size}`);
}

function applyItems(schema: JsonObject, values: readonly JsonValue[], path: Path, report: Report): JsonValue {
  const items = member(schema, 'items');
  if (!isJsonObject(items)) return [...values];
  return values.map((value, index) => applyNode(items, value, [...path, index], report));
}

function applyProperties(schema: JsonObject, value: JsonObject, path: Path, report: Report): JsonValue {
  const declared = member(schema, 'properties');
  const properties = isJsonObject(declared) ? declared : (Object.create(null) as JsonObject);
  const filled = Object.create(null) as JsonObject;
  for (const [name, child] of Object.entries(value)) {
    const childSchema = member(properties, name);
    if (isJsonObject(childSchema)) filled[name] = applyNode(childSchema, child, [...path, name], report);
    else {
      filled[name] = child;
      if (member(schema, 'additionalProperties') === false) report([...path, name], 'is not a known property');
    }
  }
  fillDefaults(properties, filled, path, report);
  checkRequired(schema, filled, path, report);
  return filled;
}

function fillDefaults(properties: JsonObject, filled: JsonObject, path: Path, report: Report): void {
  for (const [name, schema] of Object.entries(properties)) {
    const fallback = isJsonObject(schema) ? member(schema, 'default') : undefined;
    if (!Object.hasOwn(filled, name) && isJsonObject(schema) && fallback !== undefined) {
      filled[name] = applyNode(schema, fallback, [...path, name], report);
    }
  }
}

function checkRequired(schema: JsonObject, filled: JsonObject, path: Path, report: Report): void {
  const required = member(schema, 'required');
  for (const name of Array.isArray(required) ? required : []) {
    if (typeof name === 'string' && !Object.hasOwn(filled, name)) report([...path, name], 'is required');
  }
}

function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function typeNames(type: JsonValue): readonly string[] {
  return (Array.isArray(type) ? type : [type]).filter((name) => typeof name === 'string');
}

function isOfType(name: string, value: JsonValue): boolean {
  if (name === 'integer') return Number.isInteger(value);
  return name === typeOf(value);
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function codePoints(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g) ?? []).length;
}
