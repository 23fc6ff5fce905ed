// The Dockerfile of each runtime. The engine gets the plugin's folder as `plugin/` and the SDK as `sdk/`, so that no name can collide.
// Packages that only a build needs (pip, npm, the Go and Rust toolchains) stay in its first stage. Every image ends as an unprivileged user.
// What changes with each save comes last, since the builder takes the steps before it from its cache: dependencies, then the SDK compiled
// with what it needs of the language's own library, then the plugin. A step costs about 100 ms, so there are few behind that line.
import type { Runtime } from '../../core/plugin.ts';

export const PLUGIN_FOLDER = '/plugin';
/** The program that the builds of Go and Rust make. */
export const COMPILED_PROGRAM = '/plugin/plugin';
const JAVA_CLASSES = '/opt/gantry';
export const JAVA_CLASS_PATH = `${JAVA_CLASSES}:${PLUGIN_FOLDER}/lib/*`;
/** A small heap and a quick start rather than the fastest code at last; no file in /tmp for `jps`. */
export const JAVA_OPTIONS: readonly string[] = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
  '-XX:MaxRAMPercentage=50',
];
/** nobody; the sandbox brings its own numeric user all the same. */
export const IMAGE_USER = '65534:65534';

export interface Bases {
  readonly python: string;
  readonly node: string;
  readonly shell: string;
  readonly go: string;
  readonly rust: string;
  readonly java: string;
  /** what a compiled program runs on */
  readonly static: string;
}

export const DEFAULT_BASES: Bases = {
  python: 'gantry/base-python:1',
  node: 'gantry/base-node:1',
  shell: 'gantry/base-shell:1',
  go: 'gantry/base-go:1',
  rust: 'gantry/base-rust:1',
  java: 'gantry/base-java:1',
  static: 'gantry/base-static:1',
};

export interface RecipeInput {
  readonly bases: Bases;
  readonly entry: string | null;
  /** path of the file in the folder; plain characters only, as the manifest's rule says */
  readonly dependencies: string | null;
  readonly isNetworked: boolean;
  /** whether the folder has the file; null: any file at all (a filter may consist of its manifest alone) */
  readonly hasFile: (path: string | null) => boolean;
}

interface Recipe {
  /** images that must be on the engine; their ids are part of the content hash */
  readonly needs: (bases: Bases) => readonly string[];
  readonly dockerfile: (input: RecipeInput) => string;
}

function ending({ hasFile }: RecipeInput): readonly string[] {
  const copy = hasFile(null) ? [`COPY plugin/ ${PLUGIN_FOLDER}/`] : [];
  return [`WORKDIR ${PLUGIN_FOLDER}`, `USER ${IMAGE_USER}`, ...copy];
}

/** Debian packages for a build stage whose base image does not have the program yet. */
const ensure = (program: string, debianPackage: string): string =>
  `RUN command -v ${program} >/dev/null || ` +
  `(apt-get update -qq && apt-get install -y -qq --no-install-recommends ${debianPackage})`;

function pythonDockerfile(input: RecipeInput): string {
  const { bases, dependencies } = input;
  const stage =
    dependencies === null
      ? []
      : [
          `FROM ${bases.python} AS packages`,
          ensure('pip3', 'python3-pip'),
          `COPY plugin/${dependencies} /build/requirements.txt`,
          'RUN pip3 install --no-cache-dir --disable-pip-version-check --target /opt/packages -r /build/requirements.txt',
        ];
  return lines([
    ...stage,
    `FROM ${bases.python}`,
    ...(dependencies === null ? [] : ['COPY --from=packages /opt/packages /opt/packages']),
    'COPY sdk/gantry.py /opt/gantry/gantry.py',
    `ENV PYTHONPATH=${dependencies === null ? '/opt/gantry' : '/opt/gantry:/opt/packages'}`,
    'ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1',
    ...ending(input),
  ]);
}

function nodeDockerfile(input: RecipeInput): string {
  const { bases, dependencies, hasFile } = input;
  const folder = dependencies?.includes('/') === true ? dependencies.slice(0, dependencies.lastIndexOf('/') + 1) : '';
  const hasLock = hasFile(`${folder}package-lock.json`);
  const stage =
    dependencies === null
      ? []
      : [
          `FROM ${bases.node} AS packages`,
          ensure('npm', 'npm'),
          'WORKDIR /build',
          `COPY plugin/${dependencies} /build/package.json`,
          ...(hasLock ? [`COPY plugin/${folder}package-lock.json /build/package-lock.json`] : []),
          `RUN npm ${hasLock ? 'ci' : 'install'} --omit=dev --ignore-scripts --no-audit --no-fund && mkdir -p node_modules`,
        ];
  return lines([
    ...stage,
    `FROM ${bases.node}`,
    'COPY sdk/gantry.mjs /node_modules/gantry/index.mjs',
    'COPY sdk/package.json /node_modules/gantry/package.json',
    ...(dependencies === null ? [] : [`COPY --from=packages /build/node_modules ${PLUGIN_FOLDER}/node_modules`]),
    ...ending(input),
  ]);
}

function shellDockerfile(input: RecipeInput): string {
  return lines([`FROM ${input.bases.shell}`, 'COPY sdk/gantry.sh /opt/gantry/gantry.sh', ...ending(input)]);
}

function goDockerfile({ bases, entry, isNetworked, hasFile }: RecipeInput): string {
  const slash = entry?.lastIndexOf('/') ?? -1;
  const target = slash < 0 ? '.' : `./${entry?.slice(0, slash) ?? ''}`;
  const lists = ['go.mod', 'go.sum'].filter((name) => hasFile(name)).map((name) => `plugin/${name}`);
  const steps = [
    ...(hasFile('go.mod') ? [] : ['go mod init gantry.local/plugin']),
    'go mod edit -require=gantry@v0.0.0 -replace=gantry=/gantry-sdk',
    'exec go build -trimpath -o /out/plugin "$0"',
  ];
  return lines([
    `FROM ${bases.go} AS build`,
    OPEN_TMP,
    'COPY sdk/ /gantry-sdk/',
    'ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-mod=mod -buildvcs=false"',
    'RUN cd /gantry-sdk && go build -trimpath ./...',
    'WORKDIR /build',
    ...(isNetworked ? [] : ['ENV GOPROXY=off GOSUMDB=off']),
    ...(isNetworked && lists.length > 0 ? [`COPY ${lists.join(' ')} /build/`, 'RUN go mod download'] : []),
    'COPY plugin/ /build/',
    // The author's path is an argument: no shell ever reads it.
    `RUN ${JSON.stringify(['sh', '-c', steps.join(' && '), target])}`,
    ...compiledEnding(bases),
  ]);
}

/** What is mounted on /tmp gets the mode of the image's folder, whatever is asked of the engine (runc 1.1): it has to be open to all. */
const EMPTY_ROOT = '/gantry-root';
const OPEN_TMP = `RUN mkdir -p ${EMPTY_ROOT} && mkdir -m 1777 ${EMPTY_ROOT}/tmp`;

function compiledEnding(bases: Bases): readonly string[] {
  return [
    `FROM ${bases.static}`,
    `COPY --from=build ${EMPTY_ROOT}/ /`,
    `WORKDIR ${PLUGIN_FOLDER}`,
    `USER ${IMAGE_USER}`,
    `COPY --from=build /out/plugin ${COMPILED_PROGRAM}`,
  ];
}

/** With a target, the flags are not those of the build scripts and macros, which cannot be static. */
const CARGO_TARGET = `export CARGO_BUILD_TARGET="$(rustc -vV | sed -n 's/^host: //p')"`;

/** Linked statically, so that it runs on `base-static`. With a Cargo.toml it is a package, else the entry is all of it. */
function rustDockerfile({ bases, entry, isNetworked, hasFile }: RecipeInput): string {
  const rustc = (...options: readonly string[]): string =>
    `RUN ${JSON.stringify(['rustc', '--edition', '2021', '-O', ...options])}`;
  const isPackage = hasFile('Cargo.toml');
  // An empty package with the SDK as its one dependency leaves the SDK compiled in the target folder.
  const warm =
    'cargo init --quiet --vcs none --name warm /warm && cargo add --quiet --manifest-path /warm/Cargo.toml --path /gantry-sdk' +
    ' && cargo build --quiet --release --offline --manifest-path /warm/Cargo.toml';
  const before = isPackage
    ? [`RUN ${CARGO_TARGET} && ${warm}`]
    : [rustc('--crate-type', 'rlib', '--crate-name', 'gantry', '-o', '/out/libgantry.rlib', '/gantry-sdk/gantry.rs')];
  const build = isPackage
    ? `RUN ${CARGO_TARGET} && cargo add --quiet --path /gantry-sdk && cargo install --quiet --no-track --path . --root /out` +
      ' && mv /out/bin/* /out/plugin'
    : rustc(
        ...['-C', 'target-feature=+crt-static', '--extern', 'gantry=/out/libgantry.rlib', '--crate-name', 'plugin'],
        ...['-C', 'strip=symbols', '-o', '/out/plugin', entry ?? 'main.rs'],
      );
  return lines([
    `FROM ${bases.rust} AS build`,
    OPEN_TMP,
    'COPY sdk/ /gantry-sdk/',
    'WORKDIR /out',
    'ENV RUSTFLAGS="-C target-feature=+crt-static" CARGO_TARGET_DIR=/target',
    ...before,
    'WORKDIR /build',
    ...(isNetworked ? [] : ['ENV CARGO_NET_OFFLINE=true']),
    'COPY plugin/ /build/',
    build,
    ...compiledEnding(bases),
  ]);
}

/** Every source file of the folder is compiled; jars lie in `lib`. */
function javaDockerfile(input: RecipeInput): string {
  const { bases } = input;
  const javac = 'javac -XDignore.symbol.file -encoding UTF-8';
  return lines([
    `FROM ${bases.java} AS build`,
    'COPY sdk/ /gantry-sdk/',
    `RUN ${javac} -d /out /gantry-sdk/*.java`,
    'WORKDIR /build',
    'COPY plugin/ /build/',
    `RUN find . -name '*.java' -print0 | xargs -0 ${javac} -cp '/out:/build/lib/*' -d /out`,
    `FROM ${bases.java}`,
    ...ending(input),
    `COPY --from=build /out ${JAVA_CLASSES}`,
  ]);
}

/** `com/example/Main.java` → `com.example.Main` */
export function javaClassOf(entry: string): string {
  return entry
    .replace(/^(\.\/)+/, '')
    .replace(/\.java$/, '')
    .replaceAll('/', '.');
}

function lines(instructions: readonly string[]): string {
  return `${instructions.join('\n')}\n`;
}

export const RECIPES: Readonly<Record<Runtime, Recipe>> = {
  python: { needs: (bases) => [bases.python], dockerfile: pythonDockerfile },
  node: { needs: (bases) => [bases.node], dockerfile: nodeDockerfile },
  shell: { needs: (bases) => [bases.shell], dockerfile: shellDockerfile },
  go: { needs: (bases) => [bases.go, bases.static], dockerfile: goDockerfile },
  rust: { needs: (bases) => [bases.rust, bases.static], dockerfile: rustDockerfile },
  java: { needs: (bases) => [bases.java], dockerfile: javaDockerfile },
};
