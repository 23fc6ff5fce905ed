// Every code of the error table must be provoked by a test: a code that no test names is either dead or unproven. The tests are read as
// text; a code counts as provoked where it stands quoted in a test, a contract suite or the expectation of a scenario.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../../src/core/errors/error-table.ts';

/** Files that name codes without provoking them. */
const NOT_PROVOKING = /^test\/(unit\/docs|support\/docs|support\/engine|unit\/core\/(gantry-error|error-coverage))/;

let texts: readonly { readonly file: string; readonly text: string }[] = [];

beforeAll(async () => {
  const entries = await readdir('test', { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.ts$|^expected\.json$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !NOT_PROVOKING.test(file));
  texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })));
});

describe('the error table', () => {
  it.each(Object.keys(ERROR_TABLE))('has a test that provokes %s', (code) => {
    const quoted = new RegExp(`['"\`]([^'"\`\\n]* )?${code}\\b`);
    expect(texts.filter(({ text }) => quoted.test(text)).map(({ file }) => file)).not.toEqual([]);
  });
});
