// What a plugin in work is called with: the one fixture that was named, else all of its folder, else empty data.
import { basename, resolve } from 'node:path';
import type { Plugin, Problem } from '../../core/plugin.ts';
import { suggest } from '../../lib/suggest.ts';
import { NO_FIXTURE, readFixture, type Fixture } from '../../plugins/conformance/fixture.ts';
import { readFixtures } from '../../plugins/conformance/read-fixtures.ts';
import { systemFiles } from '../../plugins/context/folder-files.ts';
import { readRegularFile } from '../../plugins/context/read-regular-file.ts';

const BYTES_MAX = 4 * 1024 * 1024;

export type ChosenFixtures = { readonly fixtures: readonly Fixture[] } | { readonly problems: readonly Problem[] };

/** @param input name of a fixture of the folder, or path of a file; null: every one that is not for cancelling */
export async function chooseFixtures(
  folder: string,
  shown: string,
  plugin: Plugin,
  input: string | null,
): Promise<ChosenFixtures> {
  if (input !== null && /[/.]/.test(input)) return await fromFile(input);
  const read = await readFixtures(folder, shown, plugin);
  if ('problems' in read) return read;
  if (input === null) {
    const usual = read.fixtures.filter(({ cancel }) => !cancel);
    return { fixtures: usual.length > 0 ? usual : [NO_FIXTURE] };
  }
  const named = read.fixtures.find(({ name }) => name === input);
  if (named !== undefined) return { fixtures: [named] };
  const names = read.fixtures.map(({ name }) => name);
  const near = suggest(input, names);
  const hint = near === null ? `it has ${names.length === 0 ? 'none' : names.join(', ')}` : `did you mean ${near}?`;
  return { problems: [problemAt(`${shown}/fixtures`, `the plugin has no fixture ${input}; ${hint}`)] };
}

async function fromFile(path: string): Promise<ChosenFixtures> {
  const read = await readRegularFile(systemFiles, resolve(path), BYTES_MAX);
  if (!('bytes' in read))
    return { problems: [problemAt(path, read.code === 'CONTEXT_CHANGED' ? 'no such file' : read.message)] };
  const fixture = readFixture(read.bytes, basename(path).replace(/\.json$/, ''), path);
  return 'problems' in fixture ? fixture : { fixtures: [fixture] };
}

function problemAt(file: string, message: string): Problem {
  return { code: 'INPUT_INVALID', message, file, line: null, column: null };
}
