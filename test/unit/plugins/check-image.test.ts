// What an image may not bring, and what of it starts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { ImageFacts } from '../../../src/core/ports/container-engine.ts';
import { checkImage, commandOf } from '../../../src/plugins/image/check-image.ts';
import { JAVA_OPTIONS } from '../../../src/plugins/image/recipes.ts';
import { cleanEnv } from '../../../src/sandbox/container/clean-env.ts';
import { makePluginFrom, manifestText } from '../../support/plugins/make-version.ts';

const factsOf = (config: JsonObject): ImageFacts => ({
  id: 'sha256:1',
  tags: [],
  sizeBytes: 1,
  createdAtMs: 0,
  labels: {},
  config,
});
const source = (lines: string): ReturnType<typeof makePluginFrom> =>
  makePluginFrom(manifestText(lines).replace('runtime: shell\nentry: main.sh\n', ''));
const IMAGE = `image: example.com/x@sha256:${'a'.repeat(64)}`;
const own = source('dockerfile: Dockerfile');
const ready = source(IMAGE);
const built = makePluginFrom(manifestText());
const messageOf = (config: JsonObject, plugin = own): string =>
  checkImage(factsOf({ User: '1000', ...config }), plugin, 'plugin.yaml')[0]?.message ?? '';

describe('checkImage', () => {
  it('accepts a plain image', () => {
    const config = {
      User: '65534:65534',
      Env: ['PATH=/bin', 'LANG=C', 'PYTHONUNBUFFERED=1'],
      WorkingDir: '/plugin',
      Volumes: null,
      Healthcheck: { Test: ['NONE'] },
      OnBuild: [],
      Labels: { 'org.opencontainers.image.title': 'x' },
    };
    expect(checkImage(factsOf(config), own, 'plugin.yaml')).toEqual([]);
    expect(checkImage(factsOf({}), built, 'plugin.yaml')).toEqual([]);
  });

  it.each<[string, JsonObject]>([
    ['VOLUME /data', { Volumes: { '/data': {} } }],
    ['HEALTHCHECK', { Healthcheck: { Test: ['CMD', 'true'] } }],
    ['ONBUILD RUN x', { OnBuild: ['RUN x'] }],
    ['STOPSIGNAL SIGUSR1', { StopSignal: 'SIGUSR1' }],
    ['USER is root', { User: '' }],
    ['USER is root', { User: 'root:wheel' }],
    ['USER is root', { User: '00' }],
    ['ENV LD_PRELOAD', { Env: ['LD_PRELOAD=/x'] }],
    ['ENV LD_LIBRARY_PATH', { Env: ['LD_LIBRARY_PATH=/x'] }],
    ['ENV NODE_OPTIONS', { Env: ['NODE_OPTIONS=-r x'] }],
    ['ENV BASH_ENV', { Env: ['BASH_ENV=/x'] }],
    ['ENV PYTHONSTARTUP', { Env: ['PYTHONSTARTUP=/x'] }],
    ['ENV PYTHONPATH', { Env: ['PYTHONPATH=/x'] }],
    ['ENV JAVA_TOOL_OPTIONS', { Env: ['JAVA_TOOL_OPTIONS=x'] }],
    ['ENV MALLOC_CONF', { Env: ['MALLOC_CONF=x'] }],
    ['ENV http_proxy', { Env: ['http_proxy=http://127.0.0.1:1'] }],
    ['ENV GCONV_PATH', { Env: ['GCONV_PATH=/x'] }],
    ['ENV GANTRY_DATA', { Env: ['GANTRY_DATA=/x'] }],
    ['LABEL io.gantry.sandbox', { Labels: { 'io.gantry.sandbox': 'x' } }],
    ['LABEL com.docker.compose.project', { Labels: { 'com.docker.compose.project': 'x' } }],
    ['WORKDIR /proc/self/fd/8', { WorkingDir: '/proc/self/fd/8' }],
  ])('refuses %s', (reason, config) => {
    expect(messageOf(config)).toContain(reason);
  });

  it('lists every reason in one problem', () => {
    const problems = checkImage(factsOf({ Volumes: { '/a': {}, '/b': {} }, StopSignal: 'INT' }), own, 'plugin.yaml');
    expect(problems.map(({ code }) => code)).toEqual(['IMAGE_UNSAFE']);
    for (const reason of ['VOLUME /a', 'VOLUME /b', 'STOPSIGNAL', 'USER'])
      expect(problems[0]?.message).toContain(reason);
  });

  it('permits what Gantry itself sets, and only there', () => {
    const config = { Env: ['PYTHONPATH=/opt/gantry'], Labels: { 'io.gantry.content': 'x', 'io.gantry.instance': 'x' } };
    expect(messageOf(config, built)).toBe('');
    expect(messageOf({ Labels: { 'io.gantry.content': 'x' } }, own)).toBe('');
    expect(messageOf({ Labels: { 'io.gantry.instance': 'x' } }, ready)).toContain('io.gantry.instance');
  });

  it('escapes what an image says of itself', () => {
    expect(messageOf({ StopSignal: '\u001b[2J' })).toContain('\\u001b[2J');
  });
});

describe('the environment of an image that was accepted', () => {
  const NAMES = fc.oneof(
    fc.stringMatching(/^(LD|DYLD|MALLOC|DOCKER|GANTRY|NODE|PYTHON|PERL|RUBY|JAVA|HTTP|NO)_?[A-Z]{0,8}$/),
    fc.constantFrom('GCONV_PATH', 'https_proxy', 'ENV', 'BASH_ENV', 'PYTHONPATH', '_JAVA_OPTIONS', 'PATH', 'LANG'),
  );

  it.each([own, ready, built])('is the one that a sandbox starts it with', (plugin) => {
    fc.assert(
      fc.property(fc.uniqueArray(NAMES, { maxLength: 4 }), (names) => {
        const env = names.map((name) => `${name}=x`);
        fc.pre(messageOf({ Env: env }, plugin) === '');
        expect(cleanEnv(env)).toEqual([...env, 'HOME=/tmp', 'TMPDIR=/tmp']);
      }),
    );
  });
});

describe('commandOf', () => {
  it.each([
    ['python', 'main.py', ['python3', '/plugin/main.py']],
    ['node', 'main.mjs', ['node', '/plugin/main.mjs']],
    ['shell', 'main.sh', ['sh', '/plugin/main.sh']],
    ['go', 'main.go', ['/plugin/plugin']],
    ['rust', 'main.rs', ['/plugin/plugin']],
    ['java', './a/Main.java', ['java', ...JAVA_OPTIONS, '-cp', '/opt/gantry:/plugin/lib/*', 'a.Main']],
  ])('starts the entry with %s', (runtime, entry, command) => {
    const yaml = manifestText().replace('runtime: shell', `runtime: ${runtime}`).replace('main.sh', entry);
    expect(commandOf(makePluginFrom(yaml), factsOf({}))).toEqual(command);
  });

  it("starts the manifest's command, else the image's own", () => {
    const config = { Entrypoint: ['/x'], Cmd: ['-a'], WorkingDir: '/srv' };
    expect(commandOf(ready, factsOf(config))).toEqual(['/x', '-a']);
    expect(commandOf(source(`${IMAGE}\ncommand: [./y, -b]`), factsOf(config))).toEqual(['/srv/y', '-b']);
    expect(commandOf(own, factsOf({}))).toEqual([]);
    const tool = makePluginFrom(manifestText().replace('entry: main.sh', 'command: [./bin/z, "."]'));
    expect(commandOf(tool, factsOf({}))).toEqual(['/plugin/bin/z', '.']);
  });
});
