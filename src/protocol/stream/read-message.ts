// One line as one message of a plugin, or as the violation that it is. Strict in shape, generous in what it does not know: unknown
// members and unknown notifications are ignored.
import type { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { ProtocolViolation } from '../../core/outcome.ts';
import type { PluginLogLine } from '../../core/ports/invoker.ts';
import { parseStrictJson, parseStrictText } from '../../core/strict-json.ts';
import { documentEnd } from '../document-end.ts';
import { withFields } from '../log-line.ts';
import { oneLine } from '../reply.ts';
import { STRAY_PRINT, violationOutcome, type ViolationOutcome } from '../violation.ts';
import {
  errorResponseSchema,
  logSchema,
  metricSchema,
  notificationSchema,
  progressSchema,
  requestSchema,
  responseSchema,
} from './message-schemas.ts';

export type MessageId = number | string | null;

export type PluginMessage =
  | { readonly kind: 'result'; readonly id: MessageId; readonly result: JsonValue }
  | {
      readonly kind: 'error';
      readonly id: MessageId;
      readonly code: number;
      readonly message: string;
      readonly nonce: string | null;
    }
  | {
      readonly kind: 'request';
      readonly id: number | string;
      readonly method: string;
      /** null when they are absent or no object */
      readonly params: JsonObject | null;
    }
  | { readonly kind: 'log'; readonly requestId: number | null; readonly line: PluginLogLine }
  | {
      readonly kind: 'progress';
      readonly requestId: number | null;
      readonly done: number;
      readonly total: number | null;
      readonly message: string | null;
    }
  | {
      readonly kind: 'metric';
      readonly requestId: number | null;
      readonly name: string;
      readonly value: number;
      readonly labels: Readonly<Record<string, string>>;
    }
  /** a notification that says nothing to this host: it is left out, since no log line may fail an invocation */
  | { readonly kind: 'ignored'; readonly reason: string };

type Read = PluginMessage | ViolationOutcome;

export function isViolation(read: Read): read is ViolationOutcome {
  return 'code' in read && read.code === 'protocol';
}

/** @param line one line without its line feed, not blank */
export function readMessage(line: Uint8Array): Read {
  const parsed = parseStrictJson(line);
  if (!parsed.ok)
    return parsed.violation === 'not_json' ? notJson(line) : refused(parsed.violation, line, parsed.message);
  const document = parsed.value;
  if (!isJsonObject(document))
    return refused('not_object', line, `the line is JSON, but no message (batches are not accepted)${STRAY_PRINT}`);
  if (!Object.hasOwn(document, 'method')) return readResponse(document, line);
  return Object.hasOwn(document, 'id') ? readRequest(document, line) : readNotification(document, line);
}

function notJson(line: Uint8Array): ViolationOutcome {
  const text = new TextDecoder().decode(line).trim();
  if (!text.startsWith('{')) return refused('not_json', line, `the line is not JSON${STRAY_PRINT}`);
  const end = documentEnd(text, 0);
  if (end === null)
    return refused('truncated', line, 'the line ends in the middle of a message: write each message on one line');
  if (parseStrictText(text.slice(0, end)).ok)
    return refused('not_json', line, 'something follows the message on its line: write each message on its own line');
  return refused('not_json', line, 'the line is not JSON');
}

function readResponse(document: JsonObject, line: Uint8Array): Read {
  const isResult = Object.hasOwn(document, 'result');
  if (isResult === Object.hasOwn(document, 'error')) return shapeless(document, line);
  if (isResult) return readResult(document, line);
  const { data, error } = errorResponseSchema.safeParse(document);
  if (data === undefined) return malformed('error response', error, line);
  const { code, message } = data.error;
  return { kind: 'error', id: data.id, code, message, nonce: data.error.data?.nonce ?? null };
}

function readResult(document: JsonObject, line: Uint8Array): Read {
  const { jsonrpc, id, result = null } = document;
  // Says what the schema says of a number as id; it comes once per invocation, and the schema takes ten times as long.
  if (jsonrpc === '2.0' && Number.isSafeInteger(id)) return { kind: 'result', id: id as number, result };
  const { data, error } = responseSchema.safeParse(document);
  return data === undefined ? malformed('response', error, line) : { kind: 'result', id: data.id, result };
}

/** A plugin of protocol `json` under `protocol: stream` is the likeliest author of an object that is no message. */
function shapeless(document: JsonObject, line: Uint8Array): ViolationOutcome {
  const hint =
    Object.hasOwn(document, 'jsonrpc') || Object.hasOwn(document, 'result')
      ? 'it has neither a method, nor one of result and error'
      : 'without "jsonrpc": a result document alone is what `protocol: json` expects';
  return refused('bad_message', line, `the line is no JSON-RPC 2.0 message: ${hint}`);
}

function readRequest(document: JsonObject, line: Uint8Array): Read {
  const { data, error } = requestSchema.safeParse(document);
  if (data === undefined) return malformed('request', error, line);
  const { params = null } = document;
  return { kind: 'request', id: data.id, method: data.method, params: isJsonObject(params) ? params : null };
}

function readNotification(document: JsonObject, line: Uint8Array): Read {
  const { data, error } = notificationSchema.safeParse(document);
  if (data === undefined) return malformed('notification', error, line);
  switch (data.method) {
    case 'log':
      return readLog(data.params);
    case 'progress':
      return readProgress(data.params);
    case 'metric':
      return readMetric(data.params);
    default:
      return { kind: 'ignored', reason: oneLine(`there is no notification ${data.method}`) };
  }
}

function readLog(params: unknown): PluginMessage {
  const { data, error } = logSchema.safeParse(params);
  if (data === undefined) return ignored('log', error);
  const message = withFields(data.message, data.fields as JsonObject | undefined);
  return { kind: 'log', requestId: data.id ?? null, line: { level: data.level, message } };
}

function readProgress(params: unknown): PluginMessage {
  const { data, error } = progressSchema.safeParse(params);
  if (data === undefined) return ignored('progress', error);
  const { id = null, done, total = null, message = null } = data;
  return { kind: 'progress', requestId: id, done, total, message };
}

function readMetric(params: unknown): PluginMessage {
  const { data, error } = metricSchema.safeParse(params);
  if (data === undefined) return ignored('metric', error);
  const { id = null, name, value, labels = {} } = data;
  return { kind: 'metric', requestId: id, name, value, labels };
}

function ignored(what: string, error: z.ZodError): PluginMessage {
  return { kind: 'ignored', reason: oneLine(`the ${what} is malformed: ${firstIssue(error)}`) };
}

function malformed(what: string, error: z.ZodError, line: Uint8Array): ViolationOutcome {
  return refused('bad_message', line, `the ${what} is malformed: ${firstIssue(error)}`);
}

/** Place and reason of the first thing that is wrong. */
export function firstIssue(error: z.ZodError): string {
  return error.issues
    .slice(0, 1)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('');
}

function refused(violation: ProtocolViolation, line: Uint8Array, message: string): ViolationOutcome {
  return violationOutcome(violation, line, message);
}
