// Gantry's SDK for Node: `run(handle)` makes a function a plugin. No dependencies, Node 18 or later.
// Importing this module moves the real standard output aside: console.log and process.stdout.write become log lines on
// stderr. (Only a raw write to descriptor 1 can still get past it.) The host's first line decides whether it speaks
// protocol `json` or `stream`.
//
//   import { run } from 'gantry';
//   run((request) => ({ count: request.context.data.length }));
import { AsyncLocalStorage } from 'node:async_hooks';
import { readdirSync, rmSync, writeSync } from 'node:fs';

const STATUSES = ['success', 'skipped', 'error'];
const LEVELS = ['debug', 'info', 'warn', 'error'];
const LIFECYCLE = { on_load: 'onLoad', on_shutdown: 'onShutdown', get_metadata: 'metadata', get_config_ui: 'configUi' };

const realWrite = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

let handlers = {};
let isStream = false;
let isCancelArmed = false;
let isCancelAsked = false;
let tmp = process.pid === 1 ? '/tmp' : null; // outside of a sandbox it is not ours to empty
const runs = new Map(); // unanswered, by the id of the request
const current = new AsyncLocalStorage();
const asked = new Map(); // host services that wait for their answers, by our id
const turns = [];
let lastAsked = 0;

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

/** Writes one log entry. level: debug, info, warn or error; fields: an object of any values. Never throws. */
export function log(level, message, fields = {}) {
  tell('log', { level: LEVELS.includes(level) ? level : 'info', message: String(message), fields });
}

/** Says how far the work is: `done` of `total`, numbers of any unit. Never throws. */
export function progress(done, total, message) {
  tell('progress', { done, total, message });
}

/** Reports a number about the work: `name` and the names of at most 8 labels are [a-z][a-z0-9_]*. Never throws. */
export function metric(name, value, labels = {}) {
  const texts = Object.entries(labels).map(([label, of]) => [label, String(of).slice(0, 100)]);
  tell('metric', { name, value, labels: Object.fromEntries(texts) });
}

const expected = (ifVersion) => (ifVersion === undefined ? {} : { ifVersion });

/**
 * What the plugin remembers from run to run: JSON values by key. Needs `services: [state]` and protocol `stream`.
 * A refusal is a PluginError whose `code` says why: CONFLICT, FULL, INVALID_PARAMS, UNAVAILABLE, NOT_DECLARED.
 */
export const state = {
  /** The value; undefined when there is none. */
  async get(key) {
    const { value, version } = await state.read(key);
    return version === null ? undefined : value;
  },
  /** {value, version}; both null when there is none. */
  read: (key) => ask('state.get', { key }),
  /** Stores the value; gives its version. ifVersion: only over that version; null: only where nothing is. Else CONFLICT. */
  set: async (key, value, ifVersion) => (await ask('state.set', { key, value, ...expected(ifVersion) })).version,
  /** Stores what `change` makes of the value (undefined: there is none), until nobody else came between. Gives it. */
  async update(key, change) {
    for (;;) {
      const { value: old, version } = await state.read(key);
      const value = await change(version === null ? undefined : old);
      try {
        await state.set(key, value, version);
        return value;
      } catch (error) {
        if (error.code !== 'CONFLICT') throw error;
      }
    }
  },
  /** True when there was one. */
  delete: async (key, ifVersion) => (await ask('state.delete', { key, ...expected(ifVersion) })).deleted,
  /** One page: {keys: [{key, version, bytes}], next}; `next` is what `after` is for the next page, or null. */
  list: ({ prefix, after, limit } = {}) => ask('state.list', { prefix, after, limit }),
};

const PIECE = 192 * 1024;

/**
 * Named bytes of the run, which stay with it. Needs `services: [artifact]` and protocol `stream`. Refusals as those of `state`.
 */
export const artifact = {
  /** Stores a text, bytes, or an (async) iterable of such; over an artifact of that name. Gives {id, sizeBytes, sha256}. */
  async put(name, content, contentType = 'application/octet-stream') {
    const put = (bytes, last) => ask('artifact.put', { name, contentType, chunk: bytes.toString('base64'), last });
    let held = Buffer.alloc(0);
    for await (const part of typeof content === 'string' || content instanceof Uint8Array ? [content] : content) {
      held = Buffer.concat([held, Buffer.from(part)]);
      let at = 0;
      for (; held.length - at > PIECE; at += PIECE) await put(held.subarray(at, at + PIECE), false);
      held = held.subarray(at);
    }
    return put(held, true);
  },
  /** The bytes of the run's artifact, piece by piece. */
  async *pieces(name) {
    for (let offset = 0, last = false; !last;) {
      const answer = await ask('artifact.get', { name, offset });
      const piece = Buffer.from(answer.chunk, 'base64');
      ({ last } = answer);
      offset += piece.length;
      yield piece;
    }
  },
  /** All of its bytes. NOT_FOUND when the run has none of that name. */
  async get(name) {
    const pieces = [];
    for await (const piece of artifact.pieces(name)) pieces.push(piece);
    return Buffer.concat(pieces);
  },
};

/** Asks the host, at most 16 times at once. */
async function ask(method, params) {
  if (!isStream) throw new PluginError('NOT_SUPPORTED', `${method} needs \`protocol: stream\``);
  while (asked.size >= 16) await new Promise((resolve) => turns.push(resolve));
  const id = `p${(lastAsked += 1)}`;
  const answered = new Promise((resolve) => asked.set(id, resolve));
  realWrite(`${JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, id: current.getStore()?.id } })}\n`);
  const { result, error } = await answered;
  if (error === undefined) return result;
  const code = error.data?.code ?? 'rpc_error';
  throw new PluginError(code, `${method}: ${error.message}`, code === 'UNAVAILABLE' || code === 'BUSY');
}

function tell(method, params) {
  let text;
  try {
    const readable = (_key, value) =>
      typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value;
    text = JSON.stringify({ ...params, id: current.getStore()?.id }, readable);
  } catch (error) {
    text = JSON.stringify({ ...params, fields: { unserialisable: String(error) } });
  }
  if (isStream) realWrite(`{"jsonrpc":"2.0","method":"${method}","params":${text}}\n`);
  else if (method === 'log') process.stderr.write(`${text}\n`);
}

/**
 * True once the host has asked the plugin to stop; it then has the grace period to return what it has.
 * Under `json`, a plugin that never asks is ended at once by SIGTERM: make the first call before the long work.
 */
export function cancelled() {
  if (isStream) return current.getStore()?.isCancelled ?? false;
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
 * `skipped(reason)`, or nothing (success without data). What it throws becomes an error result.
 * Instead of one function: {run, onLoad(config), onShutdown(), metadata, configUi}; the last two give an object, or are
 * one. All but `run` are called under `stream` only, where several invocations may be at work at once.
 */
export function run(given) {
  handlers = typeof given === 'function' ? { run: given } : given;
  process.on('uncaughtException', (error) => {
    for (const one of runs.values()) answer(one, thrown(error));
    if (isStream) process.exit(1);
  });
  process.on('exit', leaveEarly);
  let held = [];
  const onBytes = (bytes) => {
    held.push(bytes);
    if (!bytes.includes(10)) return;
    const lines = Buffer.concat(held);
    if (!isStream && !(isStream = isStreamLine(lines.subarray(0, lines.indexOf(10))))) {
      process.stdin.off('data', onBytes).on('data', (more) => held.push(more));
      return;
    }
    const end = lines.lastIndexOf(10);
    held = end + 1 < lines.length ? [lines.subarray(end + 1)] : [];
    for (const line of lines.toString('utf8', 0, end).split('\n')) void take(line);
  };
  process.stdin.on('data', onBytes).on('end', () => {
    if (isStream) process.exit(0);
    const received = Buffer.concat(held);
    if (received.length > 0) void serve({}, () => parseRequest(received)); // else: an idle sandbox was closed
  });
}

async function take(line) {
  let message;
  try {
    message = JSON.parse(line);
  } catch (error) {
    return send(null, 'error', { code: -32700, message: error.message });
  }
  const { method, id } = message ?? {};
  const params = isObject(message?.params) ? message.params : {};
  if (method === 'run') return serve({ id, nonce: params.invocation?.nonce }, () => requestOf(params));
  if (method === undefined && asked.has(id)) {
    asked.get(id)(message);
    asked.delete(id);
    turns.shift()?.();
  }
  if (method === 'cancel' && runs.has(params.id)) runs.get(params.id).isCancelled = true;
  if (id === undefined || typeof method !== 'string') return;
  try {
    if (method !== 'initialize' && !Object.hasOwn(LIFECYCLE, method)) {
      return send(id, 'error', { code: -32601, message: `unknown method ${method}` });
    }
    send(id, 'result', method === 'initialize' ? initialize(params) : await lifecycle(method, params));
  } catch (error) {
    const { message: text, code } = thrown(error).error;
    send(id, 'error', { code: -32000, message: text, data: { code } });
  }
  if (method === 'on_shutdown') process.exit(0);
}

function initialize(params) {
  checkVersion(params);
  if (params.tmp !== undefined) tmp = params.tmp;
  const names = Object.values(LIFECYCLE).map((name) => [name, handlers[name] !== undefined]);
  const capabilities = { cancel: true, concurrency: true, reuse: ['warm'], ...Object.fromEntries(names) };
  return { protocol: '1.0', ready: true, capabilities };
}

async function lifecycle(method, params) {
  const served = handlers[LIFECYCLE[method]];
  const result = typeof served === 'function' ? await served(params.config ?? {}) : served;
  return method.startsWith('get_') ? (result ?? {}) : {};
}

function send(id, kind, body) {
  realWrite(`${JSON.stringify({ jsonrpc: '2.0', id, [kind]: body })}\n`);
}

async function serve(one, readRequest) {
  runs.set(one.id, one);
  try {
    const returned = await current.run(one, async () => handlers.run(readRequest()));
    answer(one, shape(returned));
  } catch (error) {
    answer(one, thrown(error));
  }
}

function isStreamLine(line) {
  try {
    return line.includes('"jsonrpc"') && Object.hasOwn(JSON.parse(line), 'jsonrpc');
  } catch {
    return false;
  }
}

function parseRequest(received) {
  let document;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(received));
  } catch (error) {
    fail('invalid_request', `the request is not a JSON document: ${error.message}`);
  }
  if (!isObject(document)) fail('invalid_request', 'the request is not a JSON object');
  checkVersion(document);
  const { method } = document;
  if (method !== 'run') fail('unsupported_method', `this SDK answers \`run\`, not ${JSON.stringify(method)}`);
  return requestOf(document);
}

function checkVersion({ protocol }) {
  if (typeof protocol === 'string' && protocol.split('.')[0] === '1') return;
  fail('unsupported_protocol', `this SDK speaks protocol 1.x, the host ${JSON.stringify(protocol)}`);
}

function requestOf(document) {
  if (!isObject(document.context)) fail('invalid_request', 'the request has no context object');
  const member = (name) => (isObject(document[name]) ? document[name] : {});
  const [config, secrets, invocation] = [member('config'), member('secrets'), member('invocation')];
  return { context: document.context, config, secrets, invocation };
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

/** The line that answers; under `stream` it says that the sandbox is clean, so /tmp is emptied before. */
function lineOf({ id, nonce }, text) {
  if (!isStream) return `${text}\n`;
  if (tmp !== null && runs.size === 0) {
    try {
      for (const name of readdirSync(tmp)) rmSync(`${tmp}/${name}`, { recursive: true, force: true });
    } catch {
      // The host looks for itself, and gives up a sandbox that is not clean.
    }
  }
  const key = `"id":${JSON.stringify(id)}`;
  return `{"jsonrpc":"2.0",${key},"result":${text.slice(0, -1)},"nonce":${JSON.stringify(nonce ?? null)}}}\n`;
}

/** Writes the one answer. Under `json` it then leaves: an open timer or socket must not hold the sandbox. */
function answer(one, given) {
  if (!runs.delete(one.id)) return;
  const { result, text } = encode(given);
  realWrite(lineOf(one, text), () => isStream || process.exit(result.status === 'error' ? 1 : 0));
}

function leaveEarly(exitCode) {
  const message = `the plugin ended with code ${exitCode} before its handler returned a result`;
  for (const one of runs.values()) {
    runs.delete(one.id);
    if (!isStream) process.exitCode = exitCode === 0 ? 1 : exitCode;
    try {
      writeSync(1, lineOf(one, JSON.stringify(failure('early_exit', message))));
    } catch {
      process.stderr.write(`${message}\n`);
    }
  }
}
