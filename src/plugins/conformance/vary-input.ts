// What the kit makes of a fixture: bad data, more data, stranger data, and the request of a newer minor version. All of it is what the protocol
// permits a host to send, so a plugin has no excuse for anything but an answer or an error of its own.
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { Protocol } from '../../core/plugin.ts';
import type { Fixture } from './fixture.ts';

const MIB = 1024 * 1024;

/** Data that few plugins are made for, by the name it is told by. */
export const BAD_INPUTS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ['null', null],
  ['a number', -1.5e9],
  ['a text', 'not what you expect'],
  ['a list', [null, 1, 'two', [], {}]],
  ['an empty object', {}],
]);

/** Several scripts, combining marks, an emoji sequence, line separators, controls, the ends of planes. */
export const UNICODE_SAMPLE =
  'ß é e\u0301 Ω Ж א ع ن हिन्दी 漢字 한글 👩🏽‍💻 🇺🇳 \u2028\u2029 \u0001\t\u007f\u0085 \u200b\u202e \ufeff \ufffd \u{10fffd}';

export const BIG_TEXT = 'x'.repeat(MIB);

/** The fixture with a text added where a plugin must not mind it: an earlier result, or something more in the data of a text plugin. */
export function withText(fixture: Fixture, protocol: Protocol, text: string): Fixture {
  if (protocol === 'text') return { ...fixture, data: moreData(fixture.data, text) };
  const padding: JsonObject = { earlier_plugin: { status: 'success', data: { text } } };
  return { ...fixture, results: { ...fixture.results, earlier_hook_of_the_kit: padding } };
}

function moreData(data: JsonValue, text: string): JsonValue {
  if (typeof data === 'string') return `${data}${text}`;
  if (Array.isArray(data)) return [...data, text];
  return isJsonObject(data) ? { ...data, text_of_the_kit: text } : text;
}

const NEWER: JsonObject = { since: '1.9', values: [1, 'two', null, { three: 3 }] };

/** A request document as a host of protocol 1.9 would send it. */
export function asNewer(document: JsonObject): JsonObject {
  const newer = (value: JsonValue | undefined): JsonObject => ({
    ...(value !== undefined && isJsonObject(value) ? value : {}),
    member_of_a_newer_version: NEWER,
  });
  return {
    ...newer(document),
    protocol: '1.9',
    invocation: newer(document['invocation']),
    context: { ...newer(document['context']), run: newer(objectAt(document['context'], 'run')) },
  };
}

/** A line of `stream` as a host of protocol 1.9 would send it, and before a run a notification that nobody knows yet. */
export function asNewerLine(line: string): string {
  const message = JSON.parse(line) as JsonValue;
  if (!isJsonObject(message)) return line;
  const { method, params } = message;
  const changed = { ...message, member_of_a_newer_version: NEWER };
  if (method === 'initialize')
    return JSON.stringify({ ...changed, params: { ...objectOf(params), protocol: '1.9', newer: NEWER } });
  if (method !== 'run') return JSON.stringify(changed);
  const notification = { jsonrpc: '2.0', method: 'notification_of_a_newer_version', params: NEWER };
  return `${JSON.stringify(notification)}\n${JSON.stringify({ ...changed, params: asNewer(objectOf(params)) })}`;
}

function objectAt(value: JsonValue | undefined, key: string): JsonObject {
  return objectOf(objectOf(value)[key]);
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}
