// The codec's writing side: one message, one line. A run's document comes as bytes that were made for the call already; it is put into the
// line as it stands, since parsing and writing a large context anew would cost more than the call.
import type { JsonObject } from '../../core/json.ts';

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

/** A refusal of a plugin's request. @param reason stable code for programs, in `error.data.code` */
export function encodeRefusal(id: number | string, code: number, message: string, reason: string): Uint8Array {
  return encodeLine({ jsonrpc: '2.0', id, error: { code, message, data: { code: reason } } });
}

/** @param document the request document as JSON bytes; line feeds between its tokens become spaces */
export function encodeRun(id: number, document: Uint8Array): Uint8Array {
  const start = `{"jsonrpc":"2.0","id":${String(id)},"method":"run","params":`;
  const line = new Uint8Array(start.length + document.length + END.length);
  encoder.encodeInto(start, line);
  line.set(document, start.length);
  for (let at = line.indexOf(LINE_FEED); at !== -1; at = line.indexOf(LINE_FEED, at + 1)) line[at] = SPACE;
  line.set(END, line.length - END.length);
  return line;
}

function encodeLine(message: JsonObject): Uint8Array {
  return encoder.encode(`${JSON.stringify(message)}\n`);
}
