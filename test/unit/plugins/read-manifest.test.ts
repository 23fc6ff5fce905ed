// plugin.yaml → plugin: defaults, places of problems, everything wrong at once.
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../src/plugins/manifest/read-manifest.ts';
import { makePluginFrom, manifestText } from '../../support/plugins/make-version.ts';

const MiB = 1024 * 1024;
const read = (yaml: string) => readManifest(new TextEncoder().encode(yaml), 'plugins/sample/plugin.yaml');
const problemsOf = (yaml: string) => {
  const result = read(yaml);
  return 'problems' in result ? result.problems : [];
};
const codesOf = (yaml: string) => problemsOf(yaml).map((problem) => problem.code);

describe('readManifest', () => {
  it('fills in the documented defaults', () => {
    expect(makePluginFrom(manifestText())).toEqual({
      name: 'sample',
      version: '1.0.0',
      description: '',
      hooks: ['fetch'],
      pipelines: ['default'],
      tags: [],
      failHard: false,
      order: 100,
      source: { kind: 'runtime', runtime: 'shell', entry: 'main.sh', command: null, dependencies: null },
      protocol: 'json',
      text: null,
      reuse: 'never',
      concurrency: 1,
      lifecycle: { onLoad: true, onShutdown: true, cancel: true, metadata: true, configUi: true },
      services: [],
      idempotent: false,
      retries: null,
      limits: {
        cpus: 0.5,
        memoryBytes: 128 * MiB,
        pids: 64,
        timeoutMs: 30_000,
        cpuTimeMs: 15_000,
        tmpBytes: 16 * MiB,
        outputBytes: 8 * MiB,
        logsBytes: MiB,
        openFiles: 256,
      },
      pool: { min: 0, max: 4, idleMs: 300_000, maxInvocations: 1_000, maxAgeMs: 3_600_000 },
      isBuildNetworked: false,
      secrets: [],
      configSchema: null,
    });
  });

  it('serves every pipeline when none is named', () => {
    expect(makePluginFrom(manifestText().replace('pipelines: [default]\n', '')).pipelines).toEqual(['*']);
  });

  it('gives node more memory and derives cpuTime from timeout and cpus', () => {
    const yaml = manifestText('limits: {timeout: 7s, cpus: 0.3}').replace('runtime: shell', 'runtime: node');
    expect(makePluginFrom(yaml).limits).toMatchObject({ memoryBytes: 256 * MiB, timeoutMs: 7000, cpuTimeMs: 2100 });
  });

  it('reads every limit in its unit', () => {
    const yaml =
      manifestText(`limits: {cpus: 2, memory: 1Gi, pids: 32, timeout: 2m, cpuTime: 500ms, tmp: 64Ki, output: 1Mi, logs: 0, openFiles: 99}
pool: {min: 1, max: 2, idle: 30s, maxInvocations: 7, maxAge: 90m}`);
    expect(makePluginFrom(yaml)).toMatchObject({
      limits: {
        cpus: 2,
        memoryBytes: 1024 * MiB,
        pids: 32,
        timeoutMs: 120_000,
        cpuTimeMs: 500,
        tmpBytes: 65_536,
        outputBytes: MiB,
        logsBytes: 0,
        openFiles: 99,
      },
      pool: { min: 1, max: 2, idleMs: 30_000, maxInvocations: 7, maxAgeMs: 5_400_000 },
    });
  });

  it('reads the options of a text plugin', () => {
    expect(makePluginFrom(manifestText('protocol: text\ninput: data.rows\noutput: text')).text).toEqual({
      input: 'data.rows',
      output: 'text',
    });
    expect(makePluginFrom(manifestText('protocol: text')).text).toEqual({ input: 'data', output: null });
  });

  it('reads how a stream plugin is reused, and what it is told', () => {
    const warm = makePluginFrom(
      manifestText('protocol: stream\nreuse: warm\nlifecycle: {onLoad: false, configUi: false}'),
    );
    expect(warm).toMatchObject({
      protocol: 'stream',
      reuse: 'warm',
      lifecycle: { onLoad: false, onShutdown: true, cancel: true, metadata: true, configUi: false },
    });
    expect(makePluginFrom(manifestText('protocol: stream'))).toMatchObject({ protocol: 'stream', reuse: 'never' });
    const python = manifestText('protocol: stream\nreuse: fork').replace('runtime: shell', 'runtime: python');
    expect(makePluginFrom(python).reuse).toBe('fork');
  });

  it('reads the three sources of an image', () => {
    const base = manifestText().replace('runtime: shell\nentry: main.sh\n', '');
    const digest = `registry.example.com/x@sha256:${'a'.repeat(64)}`;
    expect(makePluginFrom(`${base}image: ${digest}`).source).toEqual({ kind: 'image', image: digest, command: null });
    expect(makePluginFrom(`${base}dockerfile: Dockerfile\ncommand: [/x, -a]`).source).toEqual({
      kind: 'dockerfile',
      dockerfile: 'Dockerfile',
      command: ['/x', '-a'],
    });
    expect(makePluginFrom(`${base}runtime: shell\ncommand: [jq, .]`).source).toMatchObject({ command: ['jq', '.'] });
  });

  it('keeps the schema of the settings', () => {
    const yaml = manifestText('config: {schema: {type: object, properties: {n: {type: integer, default: 3}}}}');
    expect(JSON.stringify(makePluginFrom(yaml).configSchema)).toBe(
      '{"type":"object","properties":{"n":{"type":"integer","default":3}}}',
    );
  });

  it('names every problem at once, by line and column', () => {
    const yaml = manifestText(
      'limts: {}\nlimits: {memory: 1Mi, pids: 3}\norder: first\nisolation: gvisor\ninput: data',
      'UP',
      '1',
    );
    expect(problemsOf(yaml).map(({ code, file, line, column }) => [code, `${file}:${line}:${column}`])).toEqual([
      ['PLUGIN_NAME_INVALID', 'plugins/sample/plugin.yaml:2:7'],
      ['VERSION_INVALID', 'plugins/sample/plugin.yaml:3:10'],
      ['MANIFEST_UNKNOWN_FIELD', 'plugins/sample/plugin.yaml:8:1'],
      ['LIMIT_INVALID', 'plugins/sample/plugin.yaml:9:18'],
      ['LIMIT_INVALID', 'plugins/sample/plugin.yaml:9:29'],
      ['MANIFEST_INVALID', 'plugins/sample/plugin.yaml:10:8'],
      ['NOT_SUPPORTED_YET', 'plugins/sample/plugin.yaml:11:12'],
      ['MANIFEST_INVALID', 'plugins/sample/plugin.yaml:12:8'],
    ]);
  });

  it('names each required key that is absent', () => {
    expect(problemsOf('description: x').map((problem) => problem.message)).toEqual([
      '`apiVersion` is required',
      '`name` is required',
      '`version` is required',
      '`hooks` is required',
      'one of `runtime`, `dockerfile`, `image` is required',
    ]);
  });

  it.each([
    ['limts: {}', 'did you mean `limits`?'],
    ['limits: {memroy: 1Gi}', 'did you mean `memory`?'],
    ['retrys: {}', 'did you mean `retries`?'],
    ['build: {netwrok: true}', 'did you mean `network`?'],
    ['pool: {maxAges: 1h}', 'did you mean `maxAge`?'],
    ['protocol: stream\nlifecycle: {onload: true}', 'did you mean `onLoad`?'],
    ['protocol: stream\nlifecycle: {metdata: true}', 'did you mean `metadata`?'],
  ])('suggests the key that was meant by %s', (extra, hint) => {
    const problems = problemsOf(manifestText(extra));
    expect(problems.map(({ code }) => code)).toEqual(['MANIFEST_UNKNOWN_FIELD']);
    expect(problems[0]?.message).toContain(hint);
  });

  it.each([['isolation: gvisor'], ['network: {allow: ["api.example.com:443"]}']])(
    'refuses %s as a value of a later release',
    (extra) => {
      expect(codesOf(manifestText(extra))).toEqual(['NOT_SUPPORTED_YET']);
    },
  );

  it.each([['rust'], ['java']])('accepts the runtime %s, many at once', (runtime) => {
    const extra = 'protocol: stream\nreuse: warm\nconcurrency: 64';
    expect(codesOf(manifestText(extra).replace('runtime: shell', `runtime: ${runtime}`))).toEqual([]);
  });

  it.each([
    ['a second source', 'dockerfile: Dockerfile', 'only one of'],
    ['entry and command', 'command: [sh]', 'only one of `entry`, `command`'],
    ['dependencies of a shell plugin', 'dependencies: requirements.txt', 'not known to the runtime `shell`'],
    ['input without text', 'input: data', 'goes with `protocol: text`'],
    ['a warm plugin that reads one document', 'reuse: warm', '`reuse: warm` goes with `protocol: stream`'],
    ['a filter that forks', 'protocol: text\nreuse: fork', '`reuse: fork` goes with `protocol: stream`'],
    ['a shell plugin that forks', 'protocol: stream\nreuse: fork', 'goes with `runtime: python`'],
    [
      'two at once in a forked sandbox',
      'protocol: stream\nreuse: fork\nconcurrency: 2',
      'goes with `protocol: stream`',
    ],
    ['none at once', 'protocol: stream\nreuse: warm\nconcurrency: 0', 'concurrency'],
    ['too many at once', 'protocol: stream\nreuse: warm\nconcurrency: 65', '64'],
    ['a lifecycle without stream', 'lifecycle: {cancel: true}', '`lifecycle` goes with `protocol: stream`'],
    ['a word that is no reuse', 'protocol: stream\nreuse: always', 'must be one of never, fork, warm'],
    ['a repeated hook', 'tags: [a, a]', 'stands in the list already'],
    ['a misspelt word of a list', 'output: xml', 'must be one of json, text'],
    ['a wrong type', 'failHard: "yes"', 'must be a boolean, not a text'],
    ['an empty value', 'description:', 'must be a text, not empty'],
    ['an entry outside the folder', 'dependencies: ../x\nbuild: {network: true}', 'relative path inside the folder'],
    ['an absolute entry', 'dependencies: /x\nbuild: {network: true}', 'relative path inside the folder'],
    ['a schema with a regular expression', 'config: {schema: {properties: {a: {pattern: "(a+)+$"}}}}', '`pattern`'],
    ['settings that are no object', 'config: {schema: {type: array}}', 'must be an object'],
    ['a secret that is no name', 'secrets: [abc-def-ghi]', 'never a value'],
  ])('refuses %s', (_title, extra, message) => {
    const problems = problemsOf(manifestText(extra));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
  });

  it('refuses dependencies that the build could not fetch', () => {
    const python = manifestText('dependencies: requirements.txt').replace('runtime: shell', 'runtime: python');
    expect(problemsOf(python).map(({ message }) => message)).toEqual([
      expect.stringContaining('need `build: {network: true}`'),
    ]);
    expect(makePluginFrom(`${python}build: {network: true}`).isBuildNetworked).toBe(true);
    const strange = python.replace('requirements.txt', 'a$(b).txt');
    expect(problemsOf(`${strange}build: {network: true}`).map(({ code }) => code)).toEqual(['MANIFEST_INVALID']);
  });

  it('refuses a pool that keeps more than it may have', () => {
    expect(codesOf(manifestText('pool: {min: 5}'))).toEqual(['LIMIT_INVALID']);
  });

  it('refuses a root that is no mapping, tags and keys that are no text', () => {
    expect(codesOf('- a\n- b')).toEqual(['MANIFEST_INVALID']);
    expect(codesOf('a: !foo b')).toEqual(['MANIFEST_SYNTAX']);
    expect(codesOf('? [a]\n: b')).toEqual(['MANIFEST_INVALID']);
  });

  it('escapes hostile characters of what it repeats', () => {
    const message = problemsOf(manifestText('"li\\x1b[31m\\u202emits": 1'))[0]?.message ?? '';
    expect(message).toContain('\\u001b');
    expect(message).toContain('\\u202e');
  });

  it.each([
    ['config: {schema: {properties: {password: {default: hunter22}}}}'],
    ['description: "uses ghp_0123456789abcdef0123"'],
    ['description: "see https://user:hunter22@example.com/"'],
  ])('warns of a secret in %s without repeating it', (extra) => {
    const result = read(manifestText(extra));
    expect('plugin' in result).toBe(true);
    expect(result.warnings.map(({ code, line }) => [code, line])).toEqual([['SECRET_INLINE', 8]]);
    expect(JSON.stringify(result.warnings)).not.toMatch(/hunter22|ghp_/);
  });

  it('does not warn of names of secrets and of settings without a value', () => {
    const yaml = manifestText('secrets: [API_TOKEN]\nconfig: {schema: {properties: {token: {type: string}}}}');
    expect(read(yaml).warnings).toEqual([]);
  });
});
