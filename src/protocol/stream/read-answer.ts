// What an answer, a missed deadline or the process's end means for the request that waited for it.
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { Outcome } from '../../core/outcome.ts';
import { SELF_DESCRIPTION_BYTES_MAX } from '../../core/self-description.ts';
import { exitVerdict } from '../exit-verdict.ts';
import { PROTOCOL_VERSION } from '../json-request.ts';
import { readResultDocument } from '../json-result.ts';
import { oneLine, type Verdict } from '../reply.ts';
import { violationOutcome, violationVerdict, type ViolationOutcome } from '../violation.ts';
import { initializeResultSchema, type Capabilities } from './message-schemas.ts';
import type { OpenRequest } from './open-requests.ts';
import { firstIssue, type PluginMessage } from './read-message.ts';
import type { ProcessEnd, Said, SessionOptions } from './session-events.ts';

export type Answer = Extract<PluginMessage, { readonly kind: 'result' | 'error' }>;

export const CANCELLED: Outcome = { code: 'cancelled', message: 'the invocation was cancelled' };

/** Of a question that is open when the session ends in peace. */
export const CLOSED: Outcome = { code: 'cancelled', message: 'the session was closed' };

export const SIBLING_LOST: Outcome = {
  code: 'lost',
  message: 'the sandbox was destroyed because of another invocation in it',
};

type WantedOfPlugin = Pick<SessionOptions, 'reuse' | 'lifecycle'>;

export type Initialized =
  | { readonly capabilities: Capabilities; readonly outcome: null }
  | { readonly capabilities: null; readonly outcome: Outcome };

/** The capabilities that are used, or why the plugin cannot be. @param wanted of it */
export function readInitialized(answer: Answer, wanted: WantedOfPlugin, line: Uint8Array): Initialized {
  const read =
    answer.kind === 'error' ? notReady('initialize', answer.message) : initialized(answer.result, wanted, line);
  return 'code' in read ? { capabilities: null, outcome: read } : { capabilities: read, outcome: null };
}

function initialized(
  result: JsonValue,
  { reuse, lifecycle }: WantedOfPlugin,
  line: Uint8Array,
): Capabilities | Outcome {
  const { data, error } = initializeResultSchema.safeParse(result);
  if (data === undefined)
    return violationOutcome('bad_message', line, `the answer to initialize is malformed: ${firstIssue(error)}`);
  const { protocol, capabilities } = data;
  if (protocol.split('.')[0] !== PROTOCOL_VERSION.split('.')[0])
    return notReady('initialize', `it speaks version ${protocol} of the protocol, the host ${PROTOCOL_VERSION}`);
  if (!capabilities.reuse.includes(reuse)) return notReady('initialize', `it does not offer reuse: ${reuse}`);
  return {
    ...capabilities,
    onLoad: capabilities.onLoad && lifecycle.onLoad,
    onShutdown: capabilities.onShutdown && lifecycle.onShutdown,
    cancel: capabilities.cancel && lifecycle.cancel,
    metadata: capabilities.metadata && lifecycle.metadata,
    configUi: capabilities.configUi && lifecycle.configUi,
  };
}

/** A plugin that answers `initialize` or `on_load` with an error. */
export function notReady(method: string, message: string): Outcome {
  return { code: 'not_ready', message: oneLine(`the plugin failed at ${method}: ${message}`) };
}

/** What a question brought. One that cannot be used is left out, and the session goes on. @param bytes of its line */
export function readSaid(answer: Answer, bytes: number): Said {
  if (answer.kind === 'error') return unsaid(oneLine(answer.message) || 'the plugin gave no reason');
  if (bytes > SELF_DESCRIPTION_BYTES_MAX)
    return unsaid(`the answer has ${bytes} bytes; it may have ${SELF_DESCRIPTION_BYTES_MAX}`);
  return isJsonObject(answer.result) ? { value: answer.result, error: null } : unsaid('the answer is no object');
}

function unsaid(error: string): Said {
  return { value: null, error };
}

/** Checks the nonce before anything else of the answer is believed. */
export function readRunAnswer(request: OpenRequest, answer: Answer, line: Uint8Array): Verdict {
  if (answer.kind === 'error') {
    if (answer.nonce !== request.nonce) return foreign(answer.nonce, request, line);
    return { outcome: refusedRun(answer.code, answer.message), result: null };
  }
  const { result } = answer;
  if (!isJsonObject(result))
    return violationVerdict('not_object', line, 'the result of run is no object: answer {"nonce": …, "data": …}');
  const { nonce } = result;
  if (nonce !== request.nonce) return foreign(nonce ?? null, request, line);
  // A result without a status is its own data, which the nonce is no part of.
  if (!Object.hasOwn(result, 'status')) delete result['nonce'];
  return readResultDocument(result, line);
}

function foreign(nonce: JsonValue, request: OpenRequest, line: Uint8Array): Verdict {
  const what = nonce === null ? 'no nonce' : 'a foreign nonce';
  return violationVerdict('nonce', line, `the answer to request ${String(request.id)} carries ${what}`);
}

/** JSON-RPC's own codes as the codes that the SDKs of `json` use. */
function refusedRun(code: number, message: string): Outcome {
  const pluginCode = RPC_CODES[code] ?? 'rpc_error';
  const said = oneLine(message) || `the plugin refused the run with code ${String(code)}`;
  return { code: 'plugin_error', message: said, pluginCode, isRetryable: false };
}

const RPC_CODES: Readonly<Record<number, string>> = { [-32601]: 'unsupported_method', [-32602]: 'invalid_request' };

/** The outcome of a request whose deadline has passed. */
export function overdue(request: OpenRequest): Outcome {
  if (request.method !== 'run')
    return {
      code: 'not_ready',
      message: `the plugin did not answer ${request.method} in ${String(request.timeoutMs)} ms`,
    };
  const message = `the plugin gave no result in ${String(request.timeoutMs)} ms`;
  return { code: 'timeout', message, breach: { limit: 'timeoutMs', value: request.timeoutMs, used: null } };
}

export function overOutput(usedBytes: number, outputBytes: number): Outcome {
  const message = `the plugin wrote more than its limit of ${String(outputBytes)} bytes`;
  return { code: 'output_limit', message, breach: { limit: 'outputBytes', value: outputBytes, used: usedBytes } };
}

/** @param unfinished the line that was under way at the end, if any */
export function judgeExit(end: ProcessEnd, unfinished: ViolationOutcome | null, hasRuns: boolean): Outcome {
  const byExit = exitVerdict({ ...end, stdout: new Uint8Array(0) });
  if (byExit !== null) return byExit.outcome;
  if (unfinished !== null) return unfinished;
  if (hasRuns) return { code: 'no_result', message: 'the plugin ended without answering' };
  return { code: 'not_ready', message: 'the plugin ended, although it was to wait for requests' };
}
