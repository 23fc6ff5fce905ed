// Layers and homes of libraries (ARCHITECTURE.md, "Direction"); test/rules proves each rule with a planted violation.

/** What each layer may import, besides itself. */
const LAYERS = {
  core: [],
  lib: [],
  protocol: ['core'],
  plugins: ['core', 'lib'],
  config: ['core', 'lib'],
  sandbox: ['core', 'lib', 'protocol'],
  pipeline: ['core', 'lib', 'sandbox', 'plugins'],
  triggers: ['core', 'lib', 'pipeline'],
  observe: ['core', 'lib'],
  web: ['core', 'lib', 'triggers'],
};

/** Each library has one home. */
const HOMES = {
  dockerode: 'adapters/docker',
  'docker-modem': 'adapters/docker',
  'tar-fs': 'adapters/docker',
  mongodb: 'adapters/mongo',
  'prom-client': 'adapters/prometheus',
  pino: 'adapters/logging',
  koa: 'web',
  '@koa/router': 'web',
  nunjucks: 'web',
  '@marcbachmann/cel-js': 'adapters/cel',
  croner: 'adapters/croner',
  yaml: '(config|plugins)',
  zod: '(config|plugins|web|protocol|adapters/docker)',
};

const escape = (text) => text.replace(/[/.@-]/g, '\\$&');

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-unlisted-package',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    ...Object.entries(LAYERS).map(([layer, allowed]) => ({
      name: `layer-${layer}`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: '^src/', pathNot: `^src/(${[layer, ...allowed].join('|')})/` },
    })),
    {
      name: 'layer-adapters',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: '^src/', pathNot: '^src/(core/|lib/|adapters/$1/)' },
    },
    {
      name: 'pure-core-and-protocol',
      severity: 'error',
      from: { path: '^src/(core|protocol)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'one-home-node-sqlite',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapters/sqlite/' },
      to: { path: '^(node:)?sqlite$' },
    },
    { name: 'src-not-to-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|plugins|grafana)/' } },
    ...Object.entries(HOMES).map(([library, home]) => ({
      name: `one-home-${library.replace(/[@/]/g, '')}`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/${home}/` },
      to: { path: `^node_modules/(@types/)?${escape(library)}/` },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    exclude: { path: '^(test/rules/planted|\\.cache|\\.gantry)' },
  },
};
