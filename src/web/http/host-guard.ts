// Until accounts exist, only the machine's own user may talk to the server: the Host header must be a loopback name (or a configured
// one), which stops DNS rebinding, and an Origin, if any, must be the server itself, which stops foreign pages.
import { GantryError } from '../../core/errors/gantry-error.ts';

/** @throws GantryError HOST_FORBIDDEN, ORIGIN_FORBIDDEN */
export function guardHost(header: (name: string) => string | null, allowedHosts: readonly string[]): void {
  const host = header('host');
  const name = host === null ? null : hostName(host);
  if (host === null || name === null || !(isLoopback(name) || allowedHosts.includes(name))) {
    throw new GantryError('HOST_FORBIDDEN', `The host ${JSON.stringify(host ?? '')} is not answered here.`);
  }
  const origin = header('origin');
  if (origin !== null && originHost(origin) !== host.toLowerCase()) {
    throw new GantryError('ORIGIN_FORBIDDEN', `Requests of pages from ${JSON.stringify(origin)} are not answered.`);
  }
}

/** For requests that change something: a browser says where they come from, and other sites are refused even without an Origin. */
export function guardChange(header: (name: string) => string | null): void {
  const site = header('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') {
    throw new GantryError('ORIGIN_FORBIDDEN', `A change asked by a ${JSON.stringify(site)} page is refused.`);
  }
}

/** Name of `name`, `name:port`, `[v6]:port`, in lower case; null when it is none of these. */
function hostName(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(host);
  return match?.[1]?.toLowerCase() ?? null;
}

function isLoopback(name: string): boolean {
  if (name === 'localhost' || name === '[::1]' || name.endsWith('.localhost')) return true;
  return /^127(\.\d{1,3}){3}$/.test(name);
}

function originHost(origin: string): string | null {
  try {
    const url = new URL(origin);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.host : null;
  } catch {
    return null;
  }
}
