// Keeps the sandboxes to what the catalog serves: what comes into it gets one ready, what left it loses its idle ones. A version that was
// built again keeps its id and gets another image, which counts as another version here.
import type { PluginVersion } from '../core/plugin.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { Sandboxes } from '../sandbox/create-sandboxes.ts';
import { servingVersions } from './solo-runs.ts';

export interface Following extends Disposable {
  /** For changes that the catalog has no event for: which hooks there are decides who serves. */
  follow(): void;
}

export function followCatalog(
  events: Pick<EventBus, 'subscribe'>,
  catalog: Pick<PluginCatalog, 'statuses'>,
  sandboxes: Pick<Sandboxes, 'warm' | 'retire'>,
): Following {
  let serving: readonly PluginVersion[] = [];
  const follow = (): void => {
    const now = servingVersions(catalog);
    for (const version of serving) if (!includes(now, version)) sandboxes.retire(version);
    for (const version of now) if (!includes(serving, version)) sandboxes.warm(version);
    serving = now;
  };
  const subscription = events.subscribe((event) => {
    if (event.kind === 'pluginRegistered' || event.kind === 'pluginRemoved') follow();
  });
  return {
    follow,
    [Symbol.dispose]: () => {
      subscription[Symbol.dispose]();
    },
  };
}

function includes(versions: readonly PluginVersion[], { id, imageId }: PluginVersion): boolean {
  return versions.some((version) => version.id === id && version.imageId === imageId);
}
