// The variables that set a key: GANTRY_<PATH>, or GANTRY_<PATH>_FILE with a file's content. An unknown GANTRY_ variable is a problem: a
// misspelt setting that is ignored in silence costs more than a refused start.
import { readFile } from 'node:fs/promises';
import { messageOf } from '../core/errors/gantry-error.ts';
import type { Problem } from '../core/plugin.ts';
import { suggest } from '../lib/suggest.ts';
import { SETTINGS } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A raw value for a dotted path, with the name of where it came from. */
export interface OutsideValue {
  readonly path: string;
  readonly raw: string;
  readonly origin: string;
}

/** Variables with a meaning of their own, or (tests, secrets) read elsewhere. */
const OWN_VARIABLES = ['GANTRY_DATA', 'GANTRY_CONFIG', 'GANTRY_ROLE', 'GANTRY_STORE'];
const FOREIGN = /^GANTRY_(TEST|SECRET)_/;

export async function readEnvironment(
  environment: Environment,
): Promise<{ values: OutsideValue[]; problems: Problem[] }> {
  const values: OutsideValue[] = [];
  const problems: Problem[] = [];
  for (const [name, raw] of Object.entries(environment)) {
    if (raw === undefined || !name.startsWith('GANTRY_') || FOREIGN.test(name)) continue;
    try {
      const value = await readVariable(name, raw);
      if (value !== null) values.push(value);
    } catch (error) {
      problems.push({ code: 'CONFIG_INVALID', message: messageOf(error), file: name, line: null, column: null });
    }
  }
  return { values, problems };
}

async function readVariable(name: string, raw: string): Promise<OutsideValue | null> {
  const plain = SETTINGS.find(({ variable }) => variable === name);
  if (plain !== undefined) return { path: plain.path.join('.'), raw, origin: name };
  const filed = SETTINGS.find(({ variable }) => `${variable}_FILE` === name);
  if (filed !== undefined) {
    const text = (await readFile(raw, 'utf8')).replace(/\r?\n$/, '');
    return { path: filed.path.join('.'), raw: text, origin: name };
  }
  if (name === 'GANTRY_STORE') return { path: 'store.uri', raw, origin: name };
  if (OWN_VARIABLES.includes(name)) return null;
  const near = suggest(name, [...SETTINGS.map(({ variable }) => variable), ...OWN_VARIABLES]);
  throw new Error(`unknown environment variable ${name}${near === null ? '' : `; did you mean ${near}?`}`);
}
