// The few Engine API calls that set-up makes, over plain HTTP: no client program, no plug-in of one and no library needs to be
// there. Long operations answer 200 at once and report their failure inside the stream, so that is where it is looked for.
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { SetupError } from './say.mjs';

const IDLE_TIMEOUT_MS = 600_000;

/** How to reach an engine address, as options for node's request functions; undefined for a kind not supported (ssh). */
export function readTarget(host) {
  if (host.startsWith('unix://')) return { isSecure: false, socketPath: host.slice('unix://'.length) };
  if (!host.startsWith('tcp://')) return undefined;
  const isSecure = (process.env.DOCKER_TLS_VERIFY ?? '') !== '';
  const { hostname, port } = new URL(host);
  const address = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 2376 : 2375) : Number(port),
  };
  return { isSecure, ...address, ...(isSecure ? readCertificates() : {}) };
}

function readCertificates() {
  const folder = process.env.DOCKER_CERT_PATH ?? join(process.env.HOME ?? '', '.docker');
  const read = (name) => readFileSync(join(folder, name));
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

/** One request; resolves with the response as soon as its head is there. `body` is a readable stream or absent. */
export async function requestEngine(host, { method = 'GET', path, body, type, idleTimeoutMs = IDLE_TIMEOUT_MS }) {
  const target = readTarget(host);
  if (target === undefined)
    throw new SetupError(`cannot talk to ${host} from set-up`, 'use a unix:// or tcp:// engine address');
  const send = target.isSecure ? requestHttps : requestHttp;
  const headers = type === undefined ? {} : { 'content-type': type };
  const outgoing = send({ ...target, method, path, headers, agent: false, timeout: idleTimeoutMs });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`the engine stayed silent for ${idleTimeoutMs / 1000} s`)));
  const answered = new Promise((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
  });
  if (body === undefined) outgoing.end();
  else await Promise.race([pipeline(body, outgoing), answered]);
  return answered;
}

/** GET of a JSON document; undefined when the engine answers 404. */
export async function readFromEngine(host, path) {
  const response = await requestEngine(host, { path, idleTimeoutMs: 60_000 });
  const text = await readText(response);
  if (response.statusCode === 404) return undefined;
  if (response.statusCode !== 200) throw new Error(`engine: ${path}: ${response.statusCode} ${text}`);
  return JSON.parse(text);
}

/** POST of a long operation; `onText` gets its progress. Throws when its stream reports an error. */
export async function postToEngine(host, options, onText = () => {}) {
  const response = await requestEngine(host, { ...options, method: 'POST' });
  if (response.statusCode !== 200) throw new Error(readMessage(await readText(response)));
  for await (const line of createInterface({ input: response })) {
    if (line.trim() === '') continue;
    const message = JSON.parse(line);
    if (message.error !== undefined) throw new Error(message.error);
    onText(message.stream ?? message.status ?? '');
  }
}

function readMessage(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return text.trim();
  }
}

async function readText(response) {
  response.setEncoding('utf8');
  let text = '';
  for await (const part of response) text += part;
  return text;
}
