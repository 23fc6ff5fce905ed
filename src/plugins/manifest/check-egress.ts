// Network destinations that are never permitted, whatever a release implements: wildcards, addresses and names of the host itself.
// A numeric last label is an address too: `2130706433`, `0x7f.1` and `127.1` are all 127.0.0.1 to a resolver.

const LOCAL_NAME = /(^|\.)(localhost|local|internal|localdomain|home\.arpa)$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;
const NUMERIC_LABEL = /^(\d+|0x[0-9a-f]*)$/;

const HOST_RULES: readonly { readonly isBroken: (host: string) => boolean; readonly refusal: string }[] = [
  {
    isBroken: (host) => host.startsWith('169.254.'),
    refusal: 'link-local addresses (169.254.0.0/16) are never permitted',
  },
  {
    isBroken: (host) => NUMERIC_LABEL.test(host.slice(host.lastIndexOf('.') + 1)),
    refusal: 'addresses are never permitted; name the host',
  },
  { isBroken: (host) => LOCAL_NAME.test(host), refusal: 'names of this host or network are never permitted' },
  { isBroken: (host) => !HOST_NAME.test(host), refusal: 'must be `host:port` with a full host name' },
];

/** Why the destination is refused, or null when it names a public host as `host:port`. */
export function refusalOfDestination(destination: string): string | null {
  const text = destination.toLowerCase();
  if (text.includes('*')) return 'wildcards are never permitted';
  const [host = '', port = '', ...rest] = text.replace(/\.(?=:|$)/, '').split(':');
  if (text.startsWith('[') || rest.length > 0) return 'addresses are never permitted; name the host';
  const broken = HOST_RULES.find((rule) => rule.isBroken(host));
  if (broken !== undefined) return broken.refusal;
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  return number >= 1 && number <= 65_535 ? null : 'must be `host:port` with a port from 1 to 65535';
}
