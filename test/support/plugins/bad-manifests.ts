// Bad manifests by their number in the list of bad inputs (1–23), with the code that comes of each.
import { manifestText } from './make-version.ts';

export interface BadManifest {
  readonly number: number;
  readonly title: string;
  /** the manifest, as text or bytes */
  readonly given: string | Uint8Array;
  readonly code: string;
  /** what the message names */
  readonly names?: string;
}

export const withLimit = (limit: string): string => manifestText(`limits: {${limit}}`);
const withEgress = (destination: string): string => manifestText(`network: {allow: [${JSON.stringify(destination)}]}`);
const utf16 = (text: string, isMarked: boolean): Uint8Array =>
  Buffer.from(`${isMarked ? '\ufeff' : ''}${text}`, 'utf16le');

const ALIAS_BOMB = ['a: &a [x, x]', 'b: &b [*a, *a]', 'c: &c [*b, *b]', 'd: [*c, *c]'].join('\n');

export const BAD_MANIFESTS: readonly BadManifest[] = [
  { number: 1, title: 'an empty file', given: '', code: 'MANIFEST_EMPTY' },
  { number: 1, title: 'a file of comments', given: '# nothing\n\n', code: 'MANIFEST_EMPTY' },
  { number: 1, title: 'an empty document', given: '---\n...\n', code: 'MANIFEST_EMPTY' },
  { number: 2, title: 'a list that is not closed', given: 'name: [a, b\nversion: 1', code: 'MANIFEST_SYNTAX' },
  { number: 2, title: 'two documents', given: 'a: 1\n---\nb: 2\n', code: 'MANIFEST_SYNTAX' },
  {
    number: 3,
    title: 'a key that stands twice',
    given: manifestText('name: other'),
    code: 'MANIFEST_SYNTAX',
    names: 'a second time',
  },
  { number: 4, title: 'aliases that multiply', given: ALIAS_BOMB, code: 'MANIFEST_TOO_COMPLEX', names: 'aliases' },
  {
    number: 5,
    title: 'depth 65',
    given: `a: ${'['.repeat(64)}${']'.repeat(64)}`,
    code: 'MANIFEST_TOO_COMPLEX',
    names: '64',
  },
  { number: 5, title: 'depth 30,000', given: `a: ${'['.repeat(30_000)}`, code: 'MANIFEST_TOO_COMPLEX', names: '64' },
  { number: 6, title: '64 KiB and a byte', given: '#'.repeat(65_537), code: 'MANIFEST_TOO_LARGE', names: '65536' },
  {
    number: 7,
    title: 'an unknown key',
    given: manifestText('hoks: []'),
    code: 'MANIFEST_UNKNOWN_FIELD',
    names: 'did you mean `hooks`?',
  },
  {
    number: 8,
    title: '`__proto__`',
    given: manifestText('__proto__: {a: 1}'),
    code: 'MANIFEST_FORBIDDEN_KEY',
    names: '__proto__',
  },
  {
    number: 8,
    title: '`__proto__` far down',
    given: manifestText('config: {schema: {"__proto__": 1}}'),
    code: 'MANIFEST_FORBIDDEN_KEY',
  },
  ...['../x', 'Upper', 'a'.repeat(300), '"a\\0b"', 'a🐎', 'con', 'lpt1', '1a', '""', '5', 'a b', 'a/b', '[a]'].map(
    (name) => ({
      number: 9,
      title: `the name ${name.slice(0, 20)}`,
      given: manifestText('', name),
      code: 'PLUGIN_NAME_INVALID',
      names: '[a-z][a-z0-9_-]{0,62}',
    }),
  ),
  { number: 9, title: 'a name with a NUL as it is', given: manifestText('', 'a\0b'), code: 'PLUGIN_NAME_INVALID' },
  ...['1', '1.0', 'v1.0.0', '01.0.0', '1.0.0+x', 'latest', '1.0.0-', '"1.0.0 "'].map((version) => ({
    number: 11,
    title: `the version ${version}`,
    given: manifestText('', 'sample', version),
    code: 'VERSION_INVALID',
  })),
  ...['"128"', '-1', '1e99', '4194304', '65Gi', '128MB', '128', '.inf', 'lots', 'null', '[128Mi]'].map((memory) => ({
    number: 12,
    title: `memory ${memory}`,
    given: withLimit(`memory: ${memory}`),
    code: 'LIMIT_INVALID',
    names: 'from 8Mi to 64Gi',
  })),
  ...['0', '.nan', '-1', '65', '"0.5"', '.inf'].map((cpus) => ({
    number: 13,
    title: `cpus ${cpus}`,
    given: withLimit(`cpus: ${cpus}`),
    code: 'LIMIT_INVALID',
    names: 'from 0.01 to 64',
  })),
  ...['15', '0', '4097', '20.5', '"64"'].map((pids) => ({
    number: 14,
    title: `pids ${pids}`,
    given: withLimit(`pids: ${pids}`),
    code: 'LIMIT_INVALID',
    names: 'from 16 to 4096',
  })),
  ...['0', '0s', '-1s', '8d', '30', '1.5s', '1e3s'].map((timeout) => ({
    number: 15,
    title: `timeout ${timeout}`,
    given: withLimit(`timeout: ${timeout}`),
    code: 'LIMIT_INVALID',
    names: 'from 1ms to 7d',
  })),
  {
    number: 16,
    title: 'a dependency between plugins',
    given: manifestText('dependsOn: [b]'),
    code: 'MANIFEST_UNKNOWN_FIELD',
  },
  { number: 18, title: 'a matcher', given: manifestText('matcher: "(a+)+$"'), code: 'MANIFEST_UNKNOWN_FIELD' },
  {
    number: 18,
    title: 'a pattern in the schema',
    given: manifestText('config: {schema: {pattern: "(a+)+$"}}'),
    code: 'MANIFEST_INVALID',
    names: '`pattern`',
  },
  {
    number: 20,
    title: 'environment variables',
    given: manifestText('env: {NODE_OPTIONS: "-r x"}'),
    code: 'MANIFEST_UNKNOWN_FIELD',
  },
  ...[
    '*',
    '*.example.com:443',
    '10.0.0.1:80',
    '[::1]:80',
    '::1',
    '169.254.169.254:80',
    'localhost:80',
    'a.localhost:80',
    '2130706433:80',
    '0x7f.1:80',
    'example.com.:0',
    'host.docker.internal:80',
    'example.com',
    '',
  ].map((destination) => ({
    number: 21,
    title: `the destination ${destination}`,
    given: withEgress(destination),
    code: 'EGRESS_FORBIDDEN',
  })),
  { number: 23, title: 'UTF-16 with a mark', given: utf16(manifestText(), true), code: 'ENCODING' },
  { number: 23, title: 'UTF-16 without a mark', given: utf16(manifestText(), false), code: 'ENCODING' },
  { number: 23, title: 'Latin-1', given: Buffer.from('description: é', 'latin1'), code: 'ENCODING' },
];
