// Reads the answer of a `json` plugin: exactly one result document on stdout, then exit 0. Strict: a broken byte is never taken for a
// result (I-8), and a document counts only together with the exit code (a success before a crash is a crash).
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import type { Outcome } from '../core/outcome.ts';
import { NO_SECRETS, type Redactor } from '../core/redact.ts';
import { parseStrictJson, parseStrictText } from '../core/strict-json.ts';
import { exitVerdict } from './exit-verdict.ts';
import { documentEnd } from './document-end.ts';
import { isFault, readInlineArtifacts } from './inline-artifacts.ts';
import { oneLine, type Reply, type Verdict } from './reply.ts';
import { STRAY_PRINT, violationVerdict } from './violation.ts';

const PLUGIN_CODE = /^[A-Za-z0-9_.-]{1,64}$/;

/** @param redactor of the secrets that the plugin was given */
export function readJsonResult(reply: Reply, redactor: Redactor = NO_SECRETS): Verdict {
  const byExit = exitVerdict(reply);
  if (byExit === null) return readDocument(reply.stdout, redactor);
  // An error document beside exit 1 or a usage code says more than stderr; it cannot turn a crash into anything else.
  if (byExit.outcome.code !== 'plugin_error') return byExit;
  const byDocument = readDocument(reply.stdout, redactor);
  if (byDocument.outcome.code !== 'plugin_error') return byExit;
  // A usage code says that no retry can help, whatever the document claims.
  const isRetryable = byDocument.outcome.isRetryable && byExit.outcome.isRetryable;
  return { ...byDocument, outcome: { ...byDocument.outcome, isRetryable } };
}

function readDocument(stdout: Uint8Array, redactor: Redactor): Verdict {
  if (isBlank(stdout)) {
    const message = 'the plugin ended without writing a result to stdout';
    return { outcome: { code: 'no_result', message }, result: null };
  }
  const parsed = parseStrictJson(stdout);
  if (parsed.ok) {
    if (!isJsonObject(parsed.value))
      return violationVerdict(
        'not_object',
        stdout,
        'the result is JSON, but not an object: write {"data": …}',
        redactor,
      );
    return readResultDocument(parsed.value, stdout, redactor);
  }
  if (parsed.violation === 'not_json') return notJson(stdout, parsed.message, redactor);
  return violationVerdict(parsed.violation, stdout, `the result is not acceptable: ${parsed.message}`, redactor);
}

/** Tells a second document, a cut one and a stray print apart. */
function notJson(stdout: Uint8Array, reason: string, redactor: Redactor): Verdict {
  const text = new TextDecoder().decode(stdout);
  const start = text.search(/\S/);
  const end = documentEnd(text, start);
  const isObject = text[start] === '{';
  if (isObject && end === null)
    return violationVerdict('truncated', stdout, 'the result ends in the middle of the document', redactor);
  if (end !== null && parseStrictText(text.slice(start, end)).ok) {
    if (/^\s*[{[]/.test(text.slice(end)))
      return violationVerdict('second_result', stdout, 'a second document follows the result', redactor);
    return violationVerdict('not_json', stdout, `text follows the result${STRAY_PRINT}`, redactor);
  }
  const hint = isObject ? '' : STRAY_PRINT;
  return violationVerdict('not_json', stdout, `the output is not JSON (${reason})${hint}`, redactor);
}

/** Space, tab, line feed, carriage return only. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 32 || byte === 9 || byte === 10 || byte === 13);
}

/** @param stdout what the document was read from, for the evidence of a violation */
export function readResultDocument(document: JsonObject, stdout: Uint8Array, redactor: Redactor = NO_SECRETS): Verdict {
  if (!Object.hasOwn(document, 'status')) return succeeded(document);
  const artifacts = readInlineArtifacts(document['artifacts']);
  if (isFault(artifacts)) return violationVerdict(artifacts.violation, stdout, artifacts.message, redactor);
  const verdict = readStatus(document, stdout, redactor);
  return artifacts.length === 0 || verdict.outcome.code === 'protocol' ? verdict : { ...verdict, artifacts };
}

function readStatus(document: JsonObject, stdout: Uint8Array, redactor: Redactor): Verdict {
  const data = document['data'] ?? null;
  switch (document['status']) {
    case 'success':
      return succeeded(data);
    case 'skipped':
      return { outcome: { code: 'skipped', message: reasonOf(document, redactor) }, result: data };
    case 'error':
      return readError(document, data, stdout, redactor);
    default:
      return violationVerdict(
        'bad_result',
        stdout,
        'the status of the result is none of success, skipped, error',
        redactor,
      );
  }
}

function succeeded(data: JsonValue): Verdict {
  return { outcome: { code: 'ok', message: 'the plugin succeeded' }, result: data };
}

function reasonOf(document: JsonObject, redactor: Redactor): string {
  const reason = document['reason'];
  return (typeof reason === 'string' && oneLine(reason, redactor)) || 'the plugin had nothing to do';
}

function readError(document: JsonObject, data: JsonValue, stdout: Uint8Array, redactor: Redactor): Verdict {
  const error = document['error'] ?? {};
  if (!isJsonObject(error))
    return violationVerdict('bad_result', stdout, 'the error of the result is not an object', redactor);
  const { code = 'error', message = '', retryable = false } = error;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof retryable !== 'boolean')
    return violationVerdict(
      'bad_result',
      stdout,
      'the error needs a text code, a text message and a true or false retryable',
      redactor,
    );
  return { outcome: reportedError(code, message, retryable, redactor), result: data };
}

function reportedError(code: string, message: string, isRetryable: boolean, redactor: Redactor): Outcome {
  return {
    code: 'plugin_error',
    message: oneLine(message, redactor) || 'the plugin reported an error without a message',
    pluginCode: PLUGIN_CODE.test(code) ? code : 'error',
    isRetryable,
  };
}
