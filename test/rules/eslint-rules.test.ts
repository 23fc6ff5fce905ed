// Each rule of eslint.config.js fails on its planted violation and passes on the clean neighbour. All plants are linted in one call, in
// a folder of their own laid out as this repository is, because the rules go by path.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ESLint, type Linter } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layOut, readPlants, type Plant } from './read-plants.ts';

const COMMENT = '// Why this stands here.';

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}

function fileOf(lineCount: number): string {
  return `${COMMENT}\n${lines(lineCount - 1, (index) => `export const n${index} = ${index};`)}\n`;
}

function functionOf(lineCount: number): string {
  const body = lines(lineCount - 4, (index) => `  n += ${index};`);
  return `${COMMENT}\nexport function sum(): number {\n  let n = 0;\n${body}\n  return n;\n}\n`;
}

/** Too long to be read as files. */
const LONG: readonly Plant[] = [
  {
    name: 'long-file',
    rule: 'max-lines',
    message: 'too many lines (251)',
    planted: { path: 'src/lib/long-file.ts', text: fileOf(251) },
    clean: { path: 'src/lib/full-file.ts', text: fileOf(250) },
  },
  {
    name: 'long-function',
    rule: 'max-lines-per-function',
    message: 'too many lines (61)',
    planted: { path: 'src/lib/long-function.ts', text: functionOf(61) },
    clean: { path: 'src/lib/full-function.ts', text: functionOf(60) },
  },
];

const plants = [...(await readPlants()), ...LONG];
const found = new Map<string, Linter.LintMessage[]>();
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-rules-'));
  await layOut(
    folder,
    plants.flatMap(({ planted, clean }) => [planted, clean]),
  );
  const eslint = new ESLint({ cwd: folder, overrideConfigFile: join(process.cwd(), 'eslint.config.js') });
  for (const { filePath, messages } of await eslint.lintFiles(['src'])) found.set(filePath, messages);
}, 120_000);

afterAll(() => rm(folder, { recursive: true }));

describe.each(plants.map((plant) => [plant.name, plant] as const))('%s', (_name, { rule, message, planted, clean }) => {
  it(`is found by ${rule ?? 'the linter'}`, () => {
    const messages = found.get(join(folder, planted.path)) ?? [];
    expect(messages.map(({ ruleId }) => ruleId)).toContain(rule);
    expect(messages.filter(({ ruleId }) => ruleId === rule)[0]?.message).toContain(message);
    expect(messages.every(({ severity, fatal }) => severity === 2 && fatal !== true)).toBe(true);
  });

  it('leaves the clean neighbour alone', () => {
    expect(found.get(join(folder, clean.path))).toEqual([]);
  });
});

describe('the plants', () => {
  it('cover every rule that the house added to the recommended ones', async () => {
    const eslint = new ESLint({ cwd: process.cwd() });
    const config = (await eslint.calculateConfigForFile('src/core/run.ts')) as Linter.Config;
    const added = Object.keys(config.rules ?? {}).filter((rule) => rule.startsWith('house/') || !rule.includes('/'));
    const isOn = (rule: string): boolean => ![0, 'off'].includes([config.rules?.[rule]].flat()[0] as string);
    const own = added.filter((rule) => isOn(rule) && !RECOMMENDED.has(rule));
    expect(own.filter((rule) => !plants.some((plant) => plant.rule === rule))).toEqual([]);
  });
});

/** Switched on by the recommended sets, tested by their makers. */
const RECOMMENDED = new Set(['no-var', 'prefer-const', 'prefer-rest-params', 'prefer-spread']);
