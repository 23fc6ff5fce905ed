// A run that takes over hooks of another one has their artifacts, too. It is accepted with the list of them; their bytes become its own here,
// before any hook begins, and the other run is not removed until then. So no acceptance waits for bytes, and a kill leaves nothing behind.
import { asGantryError } from '../core/errors/gantry-error.ts';
import type { RunWarning } from '../core/run.ts';
import type { RunScope } from './run-scope.ts';

/** @throws LeaseLost, GantryError of the store */
export async function takeOverArtifacts({ lease, ports: { services } }: RunScope): Promise<readonly RunWarning[]> {
  const { id, hooks } = lease.run;
  if (services === undefined || !hooks.some(({ reusedFrom }) => reusedFrom !== undefined)) return [];
  const gone = await lease.persist('takeOver', async (options) => {
    try {
      return await services.takeOver(id, options);
    } catch (error) {
      throw asGantryError(error, 'STORE_FAILED');
    }
  });
  if (gone.length === 0) return [];
  const message = `artifacts of hooks that were taken over are gone: ${gone.join(', ')}`.slice(0, 2_000);
  return [{ code: 'ARTIFACTS_GONE', message, hook: null, plugin: null }];
}
