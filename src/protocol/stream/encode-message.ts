// The codec's writing side: one message, one line. A run's document comes as bytes that were made for the call already; it is put into the
// line as it stands, since parsing and writing a large context anew would cost more than the call.
import { LONG_BYTES } from '../../core/give-back.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';

const encoder = new TextEncoder();
const LINE_FEED = 10;
const SPACE = 32;
const END = encoder.encode('}\n');

export type HostMethod = 'initialize' | 'on_load' | 'run' | 'get_metadata' | 'get_config_ui' | 'on_shutdown';

export function encodeRequest(id: number, method: Exclude<HostMethod, 'run'>, params: JsonObject): Uint8Array {
  return encodeLine({ jsonrpc: '2.0', id, method, params });
}

export function encodeNotification(method: 'cancel', params: JsonObject): Uint8Array {
  return encodeLine({ jsonrpc: '2.0', method, params });
}

/** An answer to a plugin's request. */
export function encodeAnswer(id: number | string, result: JsonValue): Uint8Array {
  return encodeLine({ jsonrpc: '2.0', id, result });
}

export interface Refusal {
  /** stable word for programs, in `error.data.code` */
  readonly reason: string;
  readonly message: string;
  /** further members of `error.data` */
  readonly details?: JsonObject;
}

/** JSON-RPC's own numbers where it has one; else its number for what a server says. */
const CODES: Readonly<Record<string, number>> = {
  METHOD_NOT_FOUND: -32_601,
  NOT_SUPPORTED: -32_601,
  INVALID_PARAMS: -32_602,
};
const SERVER_ERROR = -32_000;

/** A refusal of a plugin's request. */
export function encodeRefusal(id: number | string, { reason, message, details = {} }: Refusal): Uint8Array {
  const code = CODES[reason] ?? SERVER_ERROR;
  return encodeLine({ jsonrpc: '2.0', id, error: { code, message, data: { ...details, code: reason } } });
}

/**
 * One line, in pieces that follow on each other: a long document is not copied.
 * @param document the request document as JSON bytes; line feeds between its tokens become spaces
 */
export function encodeRun(id: number, document: Uint8Array): readonly Uint8Array[] {
  const start = `{"jsonrpc":"2.0","id":${String(id)},"method":"run","params":`;
  if (document.length >= LONG_BYTES && document.indexOf(LINE_FEED) === document.length - 1)
    return [encoder.encode(start), document.subarray(0, -1), END];
  const line = new Uint8Array(start.length + document.length + END.length);
  encoder.encodeInto(start, line);
  line.set(document, start.length);
  for (let at = line.indexOf(LINE_FEED); at !== -1; at = line.indexOf(LINE_FEED, at + 1)) line[at] = SPACE;
  line.set(END, line.length - END.length);
  return [line];
}

function encodeLine(message: JsonObject): Uint8Array {
  return encoder.encode(`${JSON.stringify(message)}\n`);
}
