// Asks a Docker Engine whether it is there. A live engine answers in about a millisecond; one that accepts and stays silent
// counts as absent. TLS and SSH hosts are taken on trust here: the program itself reports what is wrong with them.
import { request } from 'node:http';

const PING_TIMEOUT_MS = 5_000;

/** `answers`, `silent`, `forbidden` (no right to the socket) or `unknown` (a kind of address that cannot be asked here). */
export function pingEngine(host) {
  const target = readTarget(host);
  if (target === undefined) return Promise.resolve('unknown');
  return new Promise((resolve) => {
    const ping = request({ ...target, path: '/_ping', agent: false, timeout: PING_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? 'answers' : 'silent');
    });
    ping.on('timeout', () => ping.destroy());
    ping.on('error', (error) => resolve(error.code === 'EACCES' ? 'forbidden' : 'silent'));
    ping.on('close', () => resolve('silent'));
    ping.end();
  });
}

function readTarget(host) {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  if (!host.startsWith('tcp://') || (process.env.DOCKER_TLS_VERIFY ?? '') !== '') return undefined;
  const { hostname, port } = new URL(host);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 2375 : Number(port) };
}
