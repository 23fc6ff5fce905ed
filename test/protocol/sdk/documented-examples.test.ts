// What the documents show must work: every complete plugin of docs/protocol.md and docs/tutorial.md is taken out of the
// text, put where an image would have it, and run.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestOf } from './sdk-cases.ts';
import { buildJava, buildRust, GO_ENVIRONMENT, isTryable, SDK_LANGUAGES } from './sdk-language.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const RUNTIMES = path.join(ROOT, 'docker/runtimes');
const DEADLINE_MS = 120_000;
const EXAMPLES = [
  ...examplesOf('docs/protocol.md', { rows: 3 }),
  ...examplesOf('docs/tutorial.md', { words: expect.anything() as unknown }),
];

interface Example {
  readonly document: string;
  readonly language: string;
  readonly source: string;
  readonly expected: unknown;
}

/** Blocks in a language with an SDK that call `run`. */
function examplesOf(document: string, expected: unknown): Example[] {
  const text = readFileSync(path.join(ROOT, document), 'utf8');
  const blocks = [...text.matchAll(/^```(python|js|sh|go|rust|java)\n([\s\S]*?)^```$/gm)];
  return blocks
    .map(([, language = '', source = '']) => ({ document, language, source, expected }))
    .filter(({ source }) => /^ *(gantry\.)?run[ (]|gantry\.Run\(|gantry::run\(/m.test(source));
}

describe('the documents', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'gantry-documented-'));
    const nodeSdk = path.join(folder, 'node_modules/gantry');
    mkdirSync(nodeSdk, { recursive: true });
    cpSync(path.join(RUNTIMES, 'node/gantry.mjs'), path.join(nodeSdk, 'index.mjs'));
    cpSync(path.join(RUNTIMES, 'node/package.json'), path.join(nodeSdk, 'package.json'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('show a plugin in every language that has an SDK', () => {
    const shown = EXAMPLES.filter(({ document }) => document === 'docs/protocol.md').map(({ language }) => language);
    expect(shown).toEqual(['python', 'js', 'sh', 'go', 'rust', 'java']);
    expect(EXAMPLES.length).toBeGreaterThan(shown.length);
  });

  const tryable = EXAMPLES.filter(({ language }) =>
    SDK_LANGUAGES.every((one) => one.name !== language || isTryable(one)),
  );
  it.each(tryable)('show a plugin in $language that works ($document)', { timeout: 300_000 }, (example) => {
    const place = mkdtempSync(path.join(folder, `${example.language}-`));
    const [program, ...args] = prepare(place, example);
    const context = { data: { rows: [1, 2, 3] }, params: { text: 'to be or not to be' } };
    const input = requestOf({ promise: '', name: '', request: { context, config: { minimum: 1 } } });
    const { stdout, stderr, error } = spawnSync(program, args, {
      cwd: place,
      input,
      env: { ...process.env, PYTHONPATH: path.join(RUNTIMES, 'python') },
      encoding: 'utf8',
      timeout: DEADLINE_MS,
    });
    if (error) throw error;
    expect(JSON.parse(stdout === '' ? `"${stderr}"` : stdout)).toEqual({ status: 'success', data: example.expected });
  });
});

/** Writes the example to its place; returns the command that starts it. */
function prepare(place: string, { language, source }: Example): [string, ...string[]] {
  const names = new Map([
    ['js', 'main.mjs'],
    ['rust', 'main.rs'],
    ['java', 'Main.java'],
  ]);
  const file = path.join(place, names.get(language) ?? `main.${language}`);
  writeFileSync(file, source.replace('/opt/gantry/gantry.sh', path.join(RUNTIMES, 'shell/gantry.sh')));
  switch (language) {
    case 'python':
      return ['python3', file];
    case 'js':
      return [process.execPath, file];
    case 'sh':
      return ['sh', file];
    case 'rust':
      return buildRust(place, file);
    case 'java':
      return buildJava(place, file, 'Main');
    default:
      return buildGo(place);
  }
}

function buildGo(place: string): [string] {
  const go = { cwd: place, env: GO_ENVIRONMENT };
  writeFileSync(path.join(place, 'go.mod'), 'module example\n\ngo 1.21\n');
  execFileSync('go', ['mod', 'edit', '-require=gantry@v0.0.0', `-replace=gantry=${RUNTIMES}/go`], go);
  execFileSync('go', ['build', '-o', 'program', '.'], go);
  return [path.join(place, 'program')];
}
