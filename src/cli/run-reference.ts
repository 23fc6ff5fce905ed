// A run as somebody names it: its id, `last`, or as many first characters of the id as no other run has.
import { GantryError } from '../core/errors/gantry-error.ts';
import type { ApiClient } from './api-client.ts';
import { listAt, textAt } from './json-fields.ts';

export const RUN_OPERAND_HELP = '<run> is an id, the beginning of one, or `last`: the newest run.';

const ID_CHARACTERS = 26;
const BEGINNING = /^(?:run_)?([0-9a-hjkmnp-tv-z]{1,25})$/;

/** The id that is meant; a text that cannot be one is given back for the server to refuse. @throws GantryError RUN_NOT_FOUND, USAGE */
export async function runIdFrom(api: ApiClient, text: string | undefined): Promise<string> {
  if (text === undefined) return '';
  if (text === 'last') return await newest(api);
  const begun = BEGINNING.exec(text)?.[1];
  if (begun === undefined) return text;
  // Runs are listed newest first: those below the greatest id with this beginning come first.
  const above = `run_${begun.padEnd(ID_CHARACTERS, 'z')}`;
  const found = listAt(await api.send(`/runs?limit=3&after=${above}`), 'items')
    .map((run) => textAt(run, 'id'))
    .filter((id) => id.startsWith(`run_${begun}`));
  const [only, ...others] = found;
  if (only === undefined) throw new GantryError('RUN_NOT_FOUND', `no run has an id that begins with run_${begun}`);
  if (others.length > 0)
    throw new GantryError('USAGE', `several runs have ids that begin with run_${begun}: ${found.join(', ')}`);
  return only;
}

async function newest(api: ApiClient): Promise<string> {
  const id = textAt(listAt(await api.send('/runs?limit=1'), 'items')[0], 'id');
  if (id === '') throw new GantryError('RUN_NOT_FOUND', 'there is no run yet');
  return id;
}
