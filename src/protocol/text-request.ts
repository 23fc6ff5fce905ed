// What a `text` plugin reads from stdin: strings as they are, anything else as JSON, so that any Unix filter is a plugin.
import type { JsonValue } from '../core/json.ts';

const encoder = new TextEncoder();

export function encodeTextRequest(value: JsonValue): Uint8Array {
  return encoder.encode(typeof value === 'string' ? value : `${JSON.stringify(value)}\n`);
}
