// The Dockerfile of each runtime. The engine gets the plugin's folder as `plugin/` and the SDK as `sdk/`, so that no name can collide.
// Packages that only a build needs (pip, npm, the Go and Rust toolchains) stay in its first stage. Every image ends as an unprivileged user.
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
  return [`WORKDIR ${PLUGIN_FOLDER}`, ...copy, `USER ${IMAGE_USER}`];
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
  // The JSON form: no shell ever reads the author's path.
  const build = JSON.stringify(['go', 'build', '-trimpath', '-o', '/out/plugin', target]);
  return lines([
    `FROM ${bases.go} AS build`,
    'COPY sdk/ /gantry-sdk/',
    'COPY plugin/ /build/',
    'WORKDIR /build',
    'ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-mod=mod -buildvcs=false"',
    ...(isNetworked ? [] : ['ENV GOPROXY=off GOSUMDB=off']),
    ...(hasFile('go.mod') ? [] : ['RUN ["go", "mod", "init", "gantry.local/plugin"]']),
    'RUN ["go", "mod", "edit", "-require=gantry@v0.0.0", "-replace=gantry=/gantry-sdk"]',
    `RUN ${build}`,
    ...compiledEnding(bases),
  ]);
}

function compiledEnding(bases: Bases): readonly string[] {
  return [
    `FROM ${bases.static}`,
    `COPY --from=build /out/plugin ${COMPILED_PROGRAM}`,
    `WORKDIR ${PLUGIN_FOLDER}`,
    `USER ${IMAGE_USER}`,
  ];
}

/** Linked statically, so that it runs on `base-static`. With a Cargo.toml it is a package, else the entry is all of it. */
function rustDockerfile({ bases, entry, isNetworked, hasFile }: RecipeInput): string {
  const rustc = (...options: readonly string[]): string =>
    `RUN ${JSON.stringify(['rustc', '--edition', '2021', '-O', ...options])}`;
  const build = hasFile('Cargo.toml')
    ? [
        'RUN ["cargo", "add", "--quiet", "--path", "/gantry-sdk"]',
        // With a target, the flags are not those of the build scripts and macros, which cannot be static.
        `RUN CARGO_BUILD_TARGET="$(rustc -vV | sed -n 's/^host: //p')" cargo install --quiet --no-track --path . --root /out` +
          ' && mv /out/bin/* /out/plugin',
      ]
    : [
        rustc('--crate-type', 'rlib', '--crate-name', 'gantry', '-o', '/out/libgantry.rlib', '/gantry-sdk/gantry.rs'),
        rustc(
          ...['-C', 'target-feature=+crt-static', '--extern', 'gantry=/out/libgantry.rlib', '--crate-name', 'plugin'],
          ...['-C', 'strip=symbols', '-o', '/out/plugin', entry ?? 'main.rs'],
        ),
      ];
  return lines([
    `FROM ${bases.rust} AS build`,
    'WORKDIR /out',
    'COPY sdk/ /gantry-sdk/',
    'COPY plugin/ /build/',
    'WORKDIR /build',
    'ENV RUSTFLAGS="-C target-feature=+crt-static"',
    ...(isNetworked ? [] : ['ENV CARGO_NET_OFFLINE=true']),
    ...build,
    ...compiledEnding(bases),
  ]);
}

/** Every source file of the folder is compiled; jars lie in `lib`. */
function javaDockerfile(input: RecipeInput): string {
  const { bases } = input;
  return lines([
    `FROM ${bases.java} AS build`,
    'COPY sdk/ /gantry-sdk/',
    'COPY plugin/ /build/',
    'WORKDIR /build',
    "RUN find . /gantry-sdk -name '*.java' -print0 | xargs -0 javac -XDignore.symbol.file -encoding UTF-8 -cp '/build/lib/*' -d /out",
    `FROM ${bases.java}`,
    `COPY --from=build /out ${JAVA_CLASSES}`,
    ...ending(input),
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
