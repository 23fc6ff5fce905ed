// The fixtures of a plugin's folder, in the order of their names. No folder `fixtures` is no problem; a file that is no fixture is one.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin, Problem } from '../../core/plugin.ts';
import { validateAgainst } from '../../core/schema-subset.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { suggest } from '../../lib/suggest.ts';
import { systemFiles } from '../context/folder-files.ts';
import { readRegularFile } from '../context/read-regular-file.ts';
import { readFixture, type Fixture } from './fixture.ts';

const FOLDER = 'fixtures';
const SUFFIX = '.json';
const BYTES_MAX = 4 * 1024 * 1024;
const COUNT_MAX = 100;

export type ReadFixtures = { readonly fixtures: readonly Fixture[] } | { readonly problems: readonly Problem[] };

/** @param shown the plugin's folder as the reader would type it */
export async function readFixtures(folder: string, shown: string, plugin: Plugin): Promise<ReadFixtures> {
  const names = (await readdir(join(folder, FOLDER)).catch(() => [])).filter((name) => name.endsWith(SUFFIX)).sort();
  const problems: Problem[] = [];
  const fixtures: Fixture[] = [];
  if (names.length > COUNT_MAX)
    problems.push(problemAt(`${shown}/${FOLDER}`, `${String(names.length)} fixtures, at most ${String(COUNT_MAX)}`));
  for (const name of names.slice(0, COUNT_MAX)) {
    const file = `${shown}/${FOLDER}/${name}`;
    const read = await readRegularFile(systemFiles, join(folder, FOLDER, name), BYTES_MAX);
    const fixture =
      'bytes' in read
        ? readFixture(read.bytes, name.slice(0, -SUFFIX.length), file)
        : { problems: [problemAt(file, read.message)] };
    if ('problems' in fixture) problems.push(...fixture.problems);
    else {
      problems.push(...misfits(fixture, plugin, file));
      fixtures.push(fixture);
    }
  }
  return problems.length > 0 ? { problems } : { fixtures };
}

/** What does not fit the manifest. */
function misfits(fixture: Fixture, { hooks, secrets, configSchema }: Plugin, file: string): Problem[] {
  const problems: Problem[] = [];
  if (fixture.config !== undefined && configSchema !== null)
    for (const { path, message } of validateAgainst(configSchema, fixture.config).issues)
      problems.push(problemAt(file, `\`${['config', ...path].join('.')}\` ${escapeText(message)}`));
  const { hook } = fixture;
  if (hook !== undefined && !hooks.includes(hook)) {
    const nearest = suggest(hook, hooks);
    const hint = nearest === null ? `it has ${hooks.join(', ')}` : `did you mean \`${nearest}\`?`;
    problems.push(problemAt(file, `the manifest has no hook \`${hook}\`; ${hint}`));
  }
  for (const name of Object.keys(fixture.secrets))
    if (!secrets.includes(name)) problems.push(problemAt(file, `the manifest has no secret \`${name}\``));
  return problems;
}

function problemAt(file: string, message: string): Problem {
  return { code: 'INPUT_INVALID', message, file, line: null, column: null };
}
