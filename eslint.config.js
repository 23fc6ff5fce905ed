// House rules that a machine checks; test/rules proves each with a planted violation.
import tseslint from 'typescript-eslint';

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'];
const CLOCKLESS = ['src/core/**', 'src/protocol/**', 'src/pipeline/**', 'src/sandbox/**', 'src/triggers/**'];

/** Built-ins that would be a way around the rules below. */
const BY_IMPORT = [
  ...['node:process', 'process'].map((name) => ({ name, message: 'the environment is read in src/config only' })),
  ...['node:timers', 'node:timers/promises', 'node:perf_hooks', 'timers', 'timers/promises', 'perf_hooks'].map(
    (name) => ({
      name,
      message: 'time comes through the Clock port',
    }),
  ),
];

/** Files are named after their main export, in kebab-case, and never after nothing in particular. */
const house = {
  rules: {
    'file-name': {
      meta: { type: 'problem', schema: [] },
      create(context) {
        return {
          Program(node) {
            const file = context.filename.split('/').at(-1) ?? '';
            const stem = file.replace(/(\.test|\.d|\.config)?\.ts$/, '');
            if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem))
              context.report({ node, message: `file name ${file} is not kebab-case` });
            if (/^(utils?|helpers?|common|managers?|handlers?|data|info|index)$/.test(stem))
              context.report({ node, message: `file name ${file} says nothing` });
          },
        };
      },
    },
    'opening-comment': {
      meta: { type: 'problem', schema: [] },
      create(context) {
        return {
          Program(node) {
            const text = context.sourceCode.text.replace(/^#!.*\n/, '').trimStart();
            if (!text.startsWith('//') && !text.startsWith('/*'))
              context.report({ node, message: 'a file opens with a comment: why it exists' });
          },
        };
      },
    },
  },
};

export default tseslint.config(
  {
    ignores: [
      'node_modules/',
      '.gantry/',
      '.cache/',
      'plugins/',
      'docker/',
      'src/web/panel/assets/',
      'test/scenarios/*/plugins/',
      'test/rules/planted/**',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'grafana/**/*.ts', '*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { house },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true, argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowThrowingAny: true }],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines': ['error', { max: 250 }],
      'max-lines-per-function': ['error', { max: 60 }],
      complexity: ['error', 10],
      eqeqeq: 'error',
      'no-restricted-exports': [
        'error',
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'no barrels: import from the file itself' },
      ],
      'house/file-name': 'error',
      'house/opening-comment': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'the environment is read in src/config only' },
      ],
      'no-restricted-imports': ['error', { paths: BY_IMPORT.slice(0, 2) }],
    },
  },
  {
    files: CLOCKLESS.map((folder) => `${folder}/*.ts`),
    rules: {
      'no-restricted-globals': [
        'error',
        ...TIMERS.map((name) => ({ name, message: 'time comes through the Clock port' })),
        { name: 'globalThis', message: 'a way around these rules' },
      ],
      'no-restricted-imports': ['error', { paths: BY_IMPORT }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'the environment is read in src/config only' },
        { object: 'Date', property: 'now', message: 'time comes through the Clock port' },
        { object: 'performance', property: 'now', message: 'time comes through the Clock port' },
        { object: 'AbortSignal', property: 'timeout', message: 'time comes through the Clock port' },
      ],
    },
  },
  {
    // A describe block is a list of tests, not a function with a job of its own; configuration files must export by default.
    files: ['test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  { files: ['vitest.config.ts', 'test/support/**/*global-setup.ts'], rules: { 'no-restricted-exports': 'off' } },
);
