// Where the engine listens. Only plain sockets: a DOCKER_HOST with TLS or ssh is refused in words instead of half-working.
import { GantryError } from '../../core/errors/gantry-error.ts';

export type EngineAddress =
  | { readonly kind: 'unix'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

const DEFAULT_SOCKET_PATH = '/var/run/docker.sock';
const TCP = /^(?:tcp|http):\/\/([A-Za-z0-9.-]+):(\d{1,5})\/?$/;

/**
 * Reads the text of DOCKER_HOST: `unix:///path`, `tcp://host:port`, `http://host:port`; null or empty is the default socket.
 * @throws GantryError CONFIG_INVALID
 */
export function parseEngineAddress(dockerHost: string | null): EngineAddress {
  const text = dockerHost?.trim() ?? '';
  if (text === '') return { kind: 'unix', socketPath: DEFAULT_SOCKET_PATH };
  if (text.startsWith('unix://')) return { kind: 'unix', socketPath: text.slice(7) || DEFAULT_SOCKET_PATH };
  if (text.startsWith('/')) return { kind: 'unix', socketPath: text };
  const tcp = TCP.exec(text);
  if (tcp !== null) return { kind: 'tcp', host: tcp[1] ?? '', port: Number(tcp[2]) };
  throw new GantryError(
    'CONFIG_INVALID',
    `DOCKER_HOST is "${text}": only unix:///path and tcp://host:port are supported (no TLS, no ssh)`,
  );
}

/** The address as an operator would write it. */
export function describeAddress(address: EngineAddress): string {
  return address.kind === 'unix' ? address.socketPath : `tcp://${address.host}:${String(address.port)}`;
}
