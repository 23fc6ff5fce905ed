// What a trigger asked, checked before anything is stored: the params against the pipeline's schema, the data against the wire's limits.
import { createHash } from 'node:crypto';
import { GantryError } from '../core/errors/gantry-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { JSON_DEPTH_MAX, MESSAGE_BYTES_MAX } from '../core/limits.ts';
import type { Pipeline } from '../core/pipeline.ts';
import { IDEMPOTENCY_KEY_RULE, isIdempotencyKey, type Lineage } from '../core/run.ts';
import { validateAgainst, type SchemaIssue } from '../core/schema-subset.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { escapeText } from '../lib/escape-text.ts';

/** Params stand in the run's record, which is read and written at every step; what is larger goes as data. */
export const PARAMS_BYTES_MAX = 256 * 1024;

/** In UTF-8, of one character of a string. */
const UNIT_BYTES_MAX = 3;

/** The params with the schema's defaults filled in. @throws GantryError PARAMS_INVALID naming every place */
export function checkParams(pipeline: Pipeline, params: JsonObject): JsonObject {
  checkSize('params', params, PARAMS_BYTES_MAX);
  if (pipeline.params === null) return params;
  const { value, issues } = validateAgainst(pipeline.params, params);
  if (issues.length === 0 && isJsonObject(value)) {
    checkSize('params', value, PARAMS_BYTES_MAX);
    return value;
  }
  const problems = issues.map((issue) => ({
    code: 'PARAMS_INVALID',
    message: sentenceOf(issue),
    file: 'params',
    line: null,
    column: null,
  }));
  const message = issues.map(sentenceOf).join('; ');
  throw new GantryError('PARAMS_INVALID', `the params do not fit ${pipeline.name}: ${message}`, { problems });
}

/** The value as JSON text. @throws GantryError INPUT_INVALID when data or params are too large or nested too deep to reach a plugin */
export function checkSize(name: 'params' | 'data', value: JsonValue, maxBytes = MESSAGE_BYTES_MAX): string {
  if (isDeeperThan(value, JSON_DEPTH_MAX)) {
    throw new GantryError('INPUT_INVALID', `${name} is nested deeper than ${String(JSON_DEPTH_MAX)} levels`);
  }
  const json = JSON.stringify(value);
  const bytes = json.length * UNIT_BYTES_MAX <= maxBytes ? 0 : Buffer.byteLength(json);
  if (bytes <= maxBytes) return json;
  throw new GantryError('INPUT_INVALID', `${name} is ${String(bytes)} bytes, at most ${String(maxBytes)} are accepted`);
}

interface AskedRequest {
  readonly params: JsonObject;
  readonly data: JsonValue;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  readonly lineage?: Lineage;
  readonly resumption?: { readonly edited?: JsonValue };
}

/** Tells a repeat from a clash: SHA-256 over what was asked, before defaults, whatever the order of keys and tags. */
export function hashRequest(
  pipeline: string,
  { params, data, tags = [], skipTags = [], lineage, resumption }: AskedRequest,
): string {
  // Without tags as it was before there were tags: keys outlive releases.
  const only = tags.length === 0 ? {} : { tags: [...new Set(tags)].sort() };
  const skipped = skipTags.length === 0 ? {} : { skipTags: [...new Set(skipTags)].sort() };
  const asked = {
    pipeline,
    params,
    data,
    ...only,
    ...skipped,
    // What the settings were is told, not asked for: they may have changed since.
    ...(lineage === undefined ? {} : { lineage: { ...lineage, settings: undefined } }),
    ...(resumption?.edited === undefined ? {} : { edited: resumption.edited }),
  };
  return createHash('sha256').update(canonicalJson(asked)).digest('hex');
}

/** @throws GantryError INPUT_INVALID */
export function checkKey(key: string | null): void {
  if (key === null || isIdempotencyKey(key)) return;
  throw new GantryError('INPUT_INVALID', `an idempotency key ${IDEMPOTENCY_KEY_RULE}`);
}

function sentenceOf({ path, message }: SchemaIssue): string {
  const place = ['params', ...path].map(String).join('.');
  return escapeText(`${place} ${message}`);
}

/** Level by level, so that depth cannot exhaust the stack. */
function isDeeperThan(value: JsonValue, depth: number): boolean {
  let level: JsonValue[] = [value];
  for (let reached = 0; level.length > 0; reached += 1) {
    const nested = level.filter((one) => typeof one === 'object' && one !== null);
    if (nested.length > 0 && reached >= depth) return true;
    level = nested.flatMap((one) => (Array.isArray(one) ? one : Object.values(one)));
  }
  return false;
}

/** Who may have a place is decided in the store, and no run may have started one that is lost: such runs are always in it. */
export function isAlwaysStored(lineage: Lineage | undefined, concurrencyKey: string | null): boolean {
  return concurrencyKey !== null || lineage?.kind === 'run';
}
