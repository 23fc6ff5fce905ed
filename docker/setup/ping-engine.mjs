// Asks a Docker Engine whether it is there. A live engine answers in about a millisecond; one that accepts and stays silent
// counts as absent. SSH hosts are taken on trust here: the program itself reports what is wrong with them.
import { readTarget, requestEngine } from './engine-request.mjs';

const PING_TIMEOUT_MS = 5_000;

/** `answers`, `silent`, `forbidden` (no right to the socket) or `unknown` (a kind of address that cannot be asked here). */
export async function pingEngine(host) {
  if (readTarget(host) === undefined) return 'unknown';
  try {
    const response = await requestEngine(host, { path: '/_ping', idleTimeoutMs: PING_TIMEOUT_MS });
    response.resume();
    return response.statusCode === 200 ? 'answers' : 'silent';
  } catch (error) {
    return error.code === 'EACCES' ? 'forbidden' : 'silent';
  }
}
