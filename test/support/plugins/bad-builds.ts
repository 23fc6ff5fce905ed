// Bad builds by their number in the list of bad inputs (34–37). Run by test/integration/plugins/bad-builds.test.ts on the real engine; the
// table of numbers in test/unit/plugins/bad-inputs.test.ts counts on it.
export interface BadBuild {
  readonly number: number;
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly code: string;
  /** all of what the message names */
  readonly names: readonly string[];
  /** other than the usual minutes */
  readonly buildTimeoutMs?: number;
  /** base image of the shell runtime, where it is not the usual one */
  readonly shellBase?: string;
}

const head = (name: string): string =>
  `apiVersion: gantry/v1\nname: ${name}\nversion: 1.0.0\nhooks: [fetch]\npipelines: [default]\n`;
const FROM = 'FROM gantry/base-shell:1\n';

export const BAD_BUILDS: readonly BadBuild[] = [
  {
    number: 34,
    title: 'a base image that is not on the engine',
    files: { 'plugin.yaml': `${head('no_base')}runtime: shell\nentry: main.sh\n`, 'main.sh': '' },
    shellBase: 'gantry/base-that-is-not-there:1',
    code: 'BASE_IMAGE_MISSING',
    names: ['gantry/base-that-is-not-there:1', 'gantry bases build'],
  },
  {
    number: 35,
    title: 'a build that takes too long',
    files: { 'plugin.yaml': `${head('slow_build')}dockerfile: Dockerfile\n`, Dockerfile: `${FROM}RUN sleep 3600\n` },
    buildTimeoutMs: 3_000,
    code: 'BUILD_TIMEOUT',
    names: [],
  },
  {
    number: 36,
    title: 'an image that undoes the sandbox',
    files: {
      'plugin.yaml': `${head('unsafe_image')}dockerfile: Dockerfile\n`,
      Dockerfile: `${FROM}VOLUME /data\nHEALTHCHECK CMD true\nONBUILD RUN true\nSTOPSIGNAL SIGUSR1\nENV LD_PRELOAD=/x.so NODE_OPTIONS=-rx\nLABEL com.docker.compose.project=x\nCMD ["true"]\n`,
    },
    code: 'IMAGE_UNSAFE',
    names: [
      'VOLUME /data',
      'HEALTHCHECK',
      'ONBUILD',
      'STOPSIGNAL SIGUSR1',
      'USER',
      'LD_PRELOAD',
      'NODE_OPTIONS',
      'com.docker',
    ],
  },
  {
    number: 36,
    title: 'a build that fails',
    files: {
      'plugin.yaml': `${head('failing_build')}dockerfile: Dockerfile\n`,
      Dockerfile: `${FROM}RUN echo about to fail && exit 3\n`,
    },
    code: 'BUILD_FAILED',
    names: ['Dockerfile line 2', 'exit 3'],
  },
];

/** 37 is proved by a test of its own: the command is only known to be bad when a container starts. */
export const BAD_BUILD_NUMBERS: readonly number[] = [...BAD_BUILDS.map(({ number }) => number), 37];
