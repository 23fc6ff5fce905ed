// Gantry's SDK for Node: `run(handle)` makes a function a plugin. No dependencies, Node 18 or later.
// Importing this module moves the real standard output aside: console.log and process.stdout.write become log lines on
// stderr, and only the result document reaches the host. (Only a raw write to descriptor 1 can still get past it.)
//
//   import { run } from 'gantry';
//   run((request) => ({ count: request.context.data.length }));
import { writeSync } from 'node:fs';

const PROTOCOL_MAJOR = '1';
const STATUSES = ['success', 'skipped', 'error'];
const LEVELS = ['debug', 'info', 'warn', 'error'];

const realWrite = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

let isCancelArmed = false;
let isCancelAsked = false;
let isAnswered = false;

/** A failure the plugin reports on purpose; thrown by `fail`. */
export class PluginError extends Error {
  constructor(code, message, retryable = false) {
    super(message);
    this.name = 'PluginError';
    this.code = code;
    this.retryable = retryable;
  }
}

/** Ends the invocation as failed. `code` is a short stable word; `retryable` says whether another attempt can help. */
export function fail(code, message, retryable = false) {
  throw new PluginError(code, message, retryable);
}

/** The result of a plugin that had nothing to do: `return skipped('no orders today')`. */
export function skipped(reason) {
  return { status: 'skipped', reason: String(reason) };
}

/** Writes one log line. level: debug, info, warn or error; fields: an object of any values. Never throws. */
export function log(level, message, fields = {}) {
  const entry = { level: LEVELS.includes(level) ? level : 'info', message: String(message) };
  let line;
  try {
    const readable = (_key, value) =>
      typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value;
    line = JSON.stringify({ ...entry, fields }, readable);
  } catch (error) {
    line = JSON.stringify({ ...entry, fields: { unserialisable: String(error) } });
  }
  process.stderr.write(`${line}\n`);
}

/**
 * True once the host has asked the plugin to stop. A plugin that never asks is ended at once by SIGTERM. The first call
 * (make it before the long work) changes that: SIGTERM then only makes this function true, and the plugin has the grace
 * period to return what it has.
 */
export function cancelled() {
  if (!isCancelArmed) {
    isCancelArmed = true;
    process.on('SIGTERM', () => {
      isCancelAsked = true;
    });
  }
  return isCancelAsked;
}

/**
 * Serves the host with `handle(request)`, then ends the process.
 *
 * request.context: `run` {id, pipeline, trigger}, `hook`, `params`, `data`, `results` [hook][plugin] {status, data}
 * request.config: the plugin's configuration · request.secrets: values by name
 * request.invocation: `id`, `nonce`, `attempt`, `idempotencyKey`, `deadline` (ISO 8601), `timeoutMs`, `traceparent`
 *
 * handle may be async. It returns an object (the data of a successful result), a full result {status, data, …},
 * `skipped(reason)`, or nothing (success without data). What it throws becomes an error result and exit code 1.
 */
export function run(handle) {
  process.on('uncaughtException', (error) => finish(thrown(error)));
  process.on('exit', (exitCode) => {
    if (!isAnswered) leaveEarly(exitCode);
  });
  void serve(handle);
}

async function serve(handle) {
  const received = await readInput();
  if (received.length === 0) {
    isAnswered = true; // the host closed an idle sandbox: nothing was asked
    return;
  }
  try {
    finish(shape(await handle(parse(received))));
  } catch (error) {
    finish(thrown(error));
  }
}

async function readInput() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function parse(received) {
  let document;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(received));
  } catch (error) {
    fail('invalid_request', `the request is not a JSON document: ${error.message}`);
  }
  if (!isObject(document)) fail('invalid_request', 'the request is not a JSON object');
  const { protocol, method, context } = document;
  if (typeof protocol !== 'string' || protocol.split('.')[0] !== PROTOCOL_MAJOR) {
    const spoken = `this SDK speaks protocol ${PROTOCOL_MAJOR}.x, the host ${JSON.stringify(protocol)}`;
    fail('unsupported_protocol', spoken);
  }
  if (method !== 'run') fail('unsupported_method', `this SDK answers \`run\`, not ${JSON.stringify(method)}`);
  if (!isObject(context)) fail('invalid_request', 'the request has no context object');
  const member = (name) => (isObject(document[name]) ? document[name] : {});
  return { context, config: member('config'), secrets: member('secrets'), invocation: member('invocation') };
}

function shape(answer) {
  if (answer === undefined || answer === null) return { status: 'success', data: {} };
  if (!isObject(answer)) {
    const kind = Array.isArray(answer) ? 'an array' : `a ${typeof answer}`;
    fail('invalid_result', `the plugin returned ${kind}: return an object or nothing`);
  }
  if (!Object.hasOwn(answer, 'status')) return { status: 'success', data: answer };
  if (!STATUSES.includes(answer.status)) {
    fail(
      'invalid_result',
      `status is ${JSON.stringify(answer.status)}: it must be success, skipped or error; ` +
        'data with a key of that name is returned as {status: "success", data: …}',
    );
  }
  return answer;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function thrown(error) {
  if (error instanceof PluginError) return failure(error.code, error.message, error.retryable);
  process.stderr.write(`${error?.stack ?? String(error)}\n`);
  return failure('exception', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}

function failure(code, message, retryable = false) {
  const error = { code: String(code), message: String(message), retryable: Boolean(retryable) };
  return { status: 'error', error };
}

/** The result as text; what JSON cannot say (NaN, Infinity, a cycle) makes it an error result, never a silent null. */
function encode(result) {
  const refuse = (key, value) => {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    throw new TypeError(`${key} is not a finite number, which JSON cannot say`);
  };
  try {
    return { result, text: JSON.stringify(result, refuse) };
  } catch (error) {
    const refused = failure('invalid_result', `the result cannot be sent: ${error.message}`);
    return { result: refused, text: JSON.stringify(refused) };
  }
}

/** Writes the one answer, then leaves at once: an open timer or socket must not hold the sandbox until its deadline. */
function finish(answer) {
  if (isAnswered) return;
  isAnswered = true;
  const { result, text } = encode(answer);
  realWrite(`${text}\n`, () => process.exit(result.status === 'error' ? 1 : 0));
}

function leaveEarly(exitCode) {
  isAnswered = true;
  const message = `the plugin ended with code ${exitCode} before its handler returned a result`;
  process.exitCode = exitCode === 0 ? 1 : exitCode;
  try {
    writeSync(1, `${JSON.stringify(failure('early_exit', message))}\n`);
  } catch {
    process.stderr.write(`${message}\n`);
  }
}
