// What is built from which files, under which tag.
import { describe, expect, it } from 'vitest';
import type { ContextEntry } from '../../../src/core/ports/container-engine.ts';
import { basesOf, planImage, type PlanInput } from '../../../src/plugins/image/plan-image.ts';
import { DEFAULT_BASES } from '../../../src/plugins/image/recipes.ts';
import { makePluginFrom, manifestText } from '../../support/plugins/make-version.ts';

const file = (path: string, text = '', mode = 0o644): ContextEntry => ({ path, mode, bytes: Buffer.from(text) });

function input(yaml = manifestText(), changes: Partial<PlanInput> = {}): PlanInput {
  return {
    plugin: makePluginFrom(yaml),
    entries: [file('main.sh', 'echo'), file('plugin.yaml', yaml)],
    bases: DEFAULT_BASES,
    baseImageIds: ['sha256:1'],
    sdk: [file('gantry.sh', 'run() { :; }')],
    instanceId: 'inst_0123456789',
    ...changes,
  };
}
const runtime = (name: string, entry: string, extra = ''): string =>
  manifestText(extra).replace('runtime: shell', `runtime: ${name}`).replace('main.sh', entry);
const dockerfileOf = (yaml: string, entries: readonly ContextEntry[] = []): string =>
  planImage(input(yaml, { entries })).build?.dockerfile ?? '';

describe('planImage', () => {
  it('gives the same input the same tag, and the tag begins the hash', () => {
    const [one, other] = [planImage(input()), planImage(input())];
    expect(one).toEqual(other);
    expect(one.reference).toBe(`gantry/plugin-sample:${one.contentHash.slice(0, 12)}-23456789`);
  });

  it.each<[string, Partial<PlanInput>]>([
    ['a file', { entries: [file('main.sh', 'echo 2')] }],
    ['a mode', { entries: [file('main.sh', 'echo', 0o755)] }],
    ['a name of a file', { entries: [file('main2.sh', 'echo')] }],
    ['the manifest', { plugin: makePluginFrom(manifestText('limits: {pids: 32}')) }],
    ['the base image', { baseImageIds: ['sha256:2'] }],
    ['the SDK', { sdk: [file('gantry.sh', 'other')] }],
  ])('gives another tag when %s changes', (_title, changes) => {
    expect(planImage(input(manifestText(), changes)).contentHash).not.toBe(planImage(input()).contentHash);
  });

  it('keeps the tags of two instances apart', () => {
    expect(planImage(input(manifestText(), { instanceId: 'inst_9876543210' })).reference).not.toBe(
      planImage(input()).reference,
    );
  });

  it('keeps the plugin and the SDK apart, and the manifest out of the image', () => {
    const paths = planImage(input()).build?.entries.map(({ path }) => path);
    expect(paths).toEqual(['plugin/main.sh', 'sdk/gantry.sh']);
  });

  it.each(['a_', 'a___b', 'a-_b', 'a--b', 'a_b'])('makes a repository name that Docker permits of %s', (name) => {
    const { reference } = planImage(input(manifestText('', name)));
    expect(reference).toMatch(/^gantry\/[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*:[\w][\w.-]*$/);
  });

  it('builds nothing for a ready image', () => {
    const image = `example.com/x@sha256:${'a'.repeat(64)}`;
    const yaml = manifestText(`image: ${image}`).replace('runtime: shell\nentry: main.sh\n', '');
    expect(planImage(input(yaml, { entries: [] }))).toMatchObject({ build: null, reference: image });
  });

  it("takes an own Dockerfile and the author's files as they are", () => {
    const yaml = manifestText('dockerfile: docker/File').replace('runtime: shell\nentry: main.sh\n', '');
    const entries = [file('docker/File', 'FROM scratch\n'), file('a', 'x')];
    expect(planImage(input(yaml, { entries })).build).toEqual({ dockerfile: 'FROM scratch\n', entries });
  });
});

describe('the recipes', () => {
  it.each([
    ['python', 'main.py', ['gantry/base-python:1']],
    ['node', 'main.mjs', ['gantry/base-node:1']],
    ['shell', 'main.sh', ['gantry/base-shell:1']],
    ['go', 'main.go', ['gantry/base-go:1', 'gantry/base-static:1']],
    ['rust', 'main.rs', ['gantry/base-rust:1', 'gantry/base-static:1']],
    ['java', 'Main.java', ['gantry/base-java:1']],
  ])('of %s end as an unprivileged user in the folder of the plugin', (name, entry, bases) => {
    const yaml = runtime(name, entry);
    expect(basesOf(makePluginFrom(yaml), DEFAULT_BASES)).toEqual(bases);
    expect(dockerfileOf(yaml)).toMatch(/\nWORKDIR \/plugin\nUSER 65534:65534\n(COPY .*\n){0,2}$/);
    for (const base of bases) expect(dockerfileOf(yaml)).toContain(`FROM ${base}`);
  });

  it.each(['go', 'java'])('compile the SDK of %s before anything of the plugin is there', (name) => {
    const [before = ''] = dockerfileOf(runtime(name, 'Main.java')).split('COPY plugin/');
    expect(before).toMatch(/RUN .*(go build|javac).*/);
  });

  it('install dependencies in a stage of their own', () => {
    const python = dockerfileOf(runtime('python', 'main.py', 'dependencies: req.txt\nbuild: {network: true}'));
    expect(python).toContain('COPY plugin/req.txt /build/requirements.txt');
    expect(python).toContain('ENV PYTHONPATH=/opt/gantry:/opt/packages');
    const yaml = runtime('node', 'main.mjs', 'dependencies: sub/package.json\nbuild: {network: true}');
    expect(dockerfileOf(yaml)).toContain('RUN npm install --omit=dev --ignore-scripts');
    const locked = dockerfileOf(yaml, [file('sub/package-lock.json')]);
    expect(locked).toContain('COPY plugin/sub/package-lock.json /build/package-lock.json');
    expect(locked).toContain('RUN npm ci --omit=dev --ignore-scripts');
  });

  it('keep Go off the network unless the build may use it', () => {
    expect(dockerfileOf(runtime('go', 'main.go'))).toContain('GOPROXY=off');
    const networked = runtime('go', 'main.go', 'build: {network: true}');
    expect(dockerfileOf(networked)).not.toContain('GOPROXY');
    expect(dockerfileOf(networked, [file('go.mod'), file('go.sum')])).toContain(
      'COPY plugin/go.mod plugin/go.sum /build/\nRUN go mod download\nCOPY plugin/ /build/\n',
    );
  });

  it('copy nothing for a filter that consists of its manifest alone', () => {
    expect(dockerfileOf(manifestText())).not.toContain('COPY plugin/');
    expect(dockerfileOf(manifestText(), [file('main.sh')])).toContain('COPY plugin/ /plugin/');
  });

  it('never let a shell read the name of an entry', () => {
    const yaml = runtime('go', '"cmd/$(touch x) y/main.go"');
    expect(dockerfileOf(yaml)).toMatch(/\nRUN \["sh","-c","[^$]*\$0\\"","\.\/cmd\/\$\(touch x\) y"\]\n/);
  });

  it('build a Cargo package where there is one, else the entry alone, and off the network', () => {
    const alone = dockerfileOf(runtime('rust', '"a b.rs"'));
    expect(alone).toContain('"-o","/out/plugin","a b.rs"]');
    expect(alone).toContain('CARGO_NET_OFFLINE=true');
    const cargo = dockerfileOf(runtime('rust', 'src/main.rs', 'build: {network: true}'), [file('Cargo.toml')]);
    expect(cargo).toContain('cargo install');
    expect(cargo).not.toContain('OFFLINE');
    expect(cargo.indexOf('name warm')).toBeLessThan(cargo.indexOf('COPY plugin/'));
  });

  it('make a module for Go code that brings none', () => {
    expect(dockerfileOf(runtime('go', 'main.go'))).toContain('go mod init');
    expect(dockerfileOf(runtime('go', 'main.go'), [file('go.mod')])).not.toContain('go mod init');
  });
});
