// Each rule of .dependency-cruiser.cjs fails on planted imports and passes on permitted ones. The tables are written here a second time:
// what the rules and these tables see differently is an error in one of them. Everything is laid out once and cruised once.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layOut, type SourceFile } from './read-plants.ts';

const PLACES = [
  'core',
  'lib',
  'protocol',
  'plugins',
  'config',
  'sandbox',
  'pipeline',
  'triggers',
  'observe',
  'web',
  'adapters/sqlite',
  'adapters/docker',
  'cli',
] as const;
type Place = (typeof PLACES)[number];

/** What each place may import besides itself; `all`: anything. */
const PERMITTED: Readonly<Record<Place, readonly Place[] | 'all'>> = {
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
  'adapters/sqlite': ['core', 'lib'],
  'adapters/docker': ['core', 'lib'],
  cli: 'all',
};

/** Library → a file at home, a file abroad. */
const LIBRARIES: readonly (readonly [library: string, home: string, abroad: string])[] = [
  ['dockerode', 'adapters/docker', 'sandbox'],
  ['tar-fs', 'adapters/docker', 'plugins'],
  ['mongodb', 'adapters/mongo', 'web'],
  ['prom-client', 'adapters/prometheus', 'observe'],
  ['pino', 'adapters/logging', 'observe'],
  ['koa', 'web', 'triggers'],
  ['@koa/router', 'web', 'cli'],
  ['nunjucks', 'web', 'observe'],
  ['@marcbachmann/cel-js', 'adapters/cel', 'pipeline'],
  ['croner', 'adapters/croner', 'triggers'],
  ['yaml', 'config', 'web'],
  ['yaml', 'plugins', 'lib'],
  ['zod', 'config', 'core'],
  ['zod', 'plugins', 'sandbox'],
  ['zod', 'web', 'pipeline'],
  ['zod', 'adapters/docker', 'adapters/sqlite'],
];

interface Import {
  readonly title: string;
  readonly from: SourceFile;
  /** null: permitted */
  readonly rule: string | null;
}

const fileName = (text: string): string => text.replaceAll(/[^a-z]+/g, '-').replace(/^-/, '');

function importing(place: string, name: string, target: string): SourceFile {
  return { path: `src/${place}/${name}.ts`, text: `import type { one } from '${target}';\nexport type One = one;\n` };
}

function layerImports(): Import[] {
  return PLACES.flatMap((from) =>
    PLACES.filter((to) => to !== from).map((to) => {
      const permitted = PERMITTED[from];
      const isPermitted = permitted === 'all' || permitted.includes(to);
      const up = '../'.repeat(from.split('/').length);
      return {
        title: `${from} → ${to}`,
        from: importing(from, `to-${fileName(to)}`, `${up}${to}/target.ts`),
        rule: isPermitted ? null : `layer-${from.split('/')[0] ?? ''}`,
      };
    }),
  );
}

function libraryImports(): Import[] {
  return LIBRARIES.flatMap(([library, home, abroad]) => {
    const name = `uses-${fileName(library)}`;
    return [
      { title: `${library} at home in ${home}`, from: importing(home, name, library), rule: null },
      {
        title: `${library} abroad in ${abroad}`,
        from: importing(abroad, name, library),
        rule: `one-home-${library.replace(/[@/]/g, '')}`,
      },
    ];
  });
}

const OTHERS: readonly Import[] = [
  ...['core', 'protocol'].flatMap((place) =>
    ['fs', 'net', 'crypto', 'timers/promises', 'process'].map((builtIn) => ({
      title: `${place} → node:${builtIn}`,
      from: importing(place, `uses-node-${fileName(builtIn)}`, `node:${builtIn}`),
      rule: 'pure-core-and-protocol',
    })),
  ),
  { title: 'sandbox → node:fs', from: importing('sandbox', 'uses-node-fs', 'node:fs'), rule: null },
  {
    title: 'node:sqlite abroad',
    from: importing('adapters/mongo', 'uses-sqlite', 'node:sqlite'),
    rule: 'one-home-node-sqlite',
  },
  { title: 'node:sqlite at home', from: importing('adapters/sqlite', 'uses-sqlite', 'node:sqlite'), rule: null },
  { title: 'src → test', from: importing('cli', 'to-tests', '../../test/target.ts'), rule: 'src-not-to-test' },
  {
    title: 'src → plugins',
    from: importing('cli', 'to-plugin-folders', '../../plugins/target.ts'),
    rule: 'src-not-to-test',
  },
  { title: 'a circle', from: importing('lib', 'circle-one', './circle-two.ts'), rule: 'no-circular' },
  { title: 'a file that is not there', from: importing('cli', 'to-nothing', './nothing.ts'), rule: 'no-unresolvable' },
  {
    title: 'a package that package.json does not list',
    from: { path: 'src/cli/uses-unlisted.ts', text: "import { one } from 'unlisted';\nexport const two = one;\n" },
    rule: 'no-unlisted-package',
  },
  {
    title: 'a development package at run time',
    from: { path: 'src/cli/uses-vitest.ts', text: "import { one } from 'vitest';\nexport const two = one;\n" },
    rule: 'no-unlisted-package',
  },
];

const IMPORTS: readonly Import[] = [...layerImports(), ...libraryImports(), ...OTHERS];
const rules = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: IForbiddenRuleType[];
  options: ICruiseOptions;
};

async function fakePackage(folder: string, name: string): Promise<void> {
  const home = join(folder, 'node_modules', name);
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
  await writeFile(join(home, 'index.js'), 'export const one = 1;\n');
}

/** File → names of the rules it breaks. */
async function cruiseIn(folder: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { output } = await cruise(['src'], {
    ...rules.options,
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden: rules.forbidden },
  });
  const broken = new Map<string, Set<string>>();
  for (const { from, rule } of (output as ICruiseResult).summary.violations)
    broken.set(from, (broken.get(from) ?? new Set()).add(rule.name));
  return broken;
}

let folder = '';
let broken: ReadonlyMap<string, ReadonlySet<string>> = new Map();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-layers-'));
  const places = [...PLACES.map((place) => `src/${place}`), 'test', 'plugins'];
  const targets = places.map((place) => ({ path: `${place}/target.ts`, text: 'export type one = 1;\n' }));
  const back = importing('lib', 'circle-two', './circle-one.ts');
  await layOut(folder, [...targets, back, ...IMPORTS.map(({ from }) => from)]);
  const libraries = [...new Set(LIBRARIES.map(([library]) => library))];
  for (const name of [...libraries, 'unlisted', 'vitest']) await fakePackage(folder, name);
  const packages = (names: readonly string[]): object => Object.fromEntries(names.map((name) => [name, '1.0.0']));
  const listed = {
    name: 'tree',
    type: 'module',
    dependencies: packages(libraries),
    devDependencies: packages(['vitest']),
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(listed));
  broken = await cruiseIn(folder);
}, 120_000);

afterAll(() => rm(folder, { recursive: true }));

describe('the layers', () => {
  it.each(IMPORTS.map((one) => [one.title, one.rule === null ? 'is permitted' : `breaks ${one.rule}`, one] as const))(
    '%s %s',
    (_title, _verdict, { from, rule }) => {
      const named = [...(broken.get(from.path) ?? [])];
      if (rule === null) expect(named).toEqual([]);
      else expect(named).toContain(rule);
    },
  );

  it('are proven for every rule there is', () => {
    const proven = new Set(IMPORTS.map(({ rule }) => rule));
    const unproven = rules.forbidden.map(({ name }) => name ?? '').filter((name) => !proven.has(name));
    // docker-modem comes with dockerode and has its home; every other rule has a plant.
    expect(unproven).toEqual(['one-home-docker-modem']);
  });
});
