// A JSON request body: content type, size, depth, UTF-8 and grammar are checked before anything looks at the value.
import { GantryError } from '../../core/errors/gantry-error.ts';
import type { JsonObject } from '../../core/json.ts';
import { isJsonObject } from '../../core/json.ts';
import { JSON_DEPTH_MAX } from '../../core/limits.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { WebRequest } from './route.ts';

/** The object in the body; an empty body is an empty object. @throws GantryError CONTENT_TYPE, BODY_TOO_LARGE, JSON_INVALID */
export async function readJsonObject(request: WebRequest): Promise<JsonObject> {
  const bytes = await request.readBody();
  const type = request.header('content-type');
  if (bytes.length === 0 && type === null) return {};
  if (type === null || !/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type.trim())) {
    throw new GantryError('CONTENT_TYPE', `The body must be application/json, not ${JSON.stringify(type ?? '')}.`);
  }
  if (bytes.length === 0) return {};
  // One level more than a context may have: the context is a value of this object.
  const parsed = parseStrictJson(bytes, { maxBytes: bytes.length, maxDepth: JSON_DEPTH_MAX + 1 });
  if (!parsed.ok) throw new GantryError('JSON_INVALID', `The body is not acceptable JSON: ${parsed.message}.`);
  if (!isJsonObject(parsed.value)) throw new GantryError('JSON_INVALID', 'The body must be a JSON object.');
  return parsed.value;
}
