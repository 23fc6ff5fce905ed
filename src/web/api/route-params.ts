// Names and ids from a path. They are hostile: what is no id or name never reaches the store.
import { GantryError } from '../../core/errors/gantry-error.ts';
import { parseId, type RunId } from '../../core/ids.ts';
import { badRequest } from '../http/problem.ts';
import type { WebRequest } from '../http/route.ts';

/** @throws GantryError ID_INVALID */
export function runIdOf(request: WebRequest): RunId {
  const id = parseId('run', request.params['id'] ?? '');
  if (id === null) throw badRequest('ID_INVALID', 'id', 'a run id looks like run_ and 26 characters');
  return id;
}

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/** Name of a plugin or pipeline; one that cannot exist is not found. @throws GantryError with the given code */
export function nameOf(request: WebRequest, code: 'PIPELINE_NOT_FOUND' | 'PLUGIN_NOT_FOUND'): string {
  const name = request.params['name'] ?? '';
  if (NAME.test(name)) return name;
  throw new GantryError(code, `There is nothing with the name ${JSON.stringify(name.slice(0, 80))}.`);
}
