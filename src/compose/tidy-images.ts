// Image retention put together.
import { StatfsDiskSpace } from '../adapters/system/statfs-disk-space.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';
import { ImageSweeper } from '../plugins/retention/image-sweeper.ts';
import type { PluginClaims } from '../plugins/retention/plugin-claims.ts';
import { VersionUse } from '../plugins/retention/version-use.ts';
import type { Ground, InstanceEngine } from './ground.ts';
import { servingVersions } from './solo-runs.ts';

/** An image may be made by `plugin dev` or `plugin test`, in another process, and be looked at there. */
const FRESH_MS = 600_000;

export function makeSweeper(
  { store, clock, events, logger, config, pipelines }: Ground,
  { engine, instanceId }: InstanceEngine,
  catalog: PluginCatalog,
  claims: PluginClaims,
  isEngineLocal: boolean,
  stack: AsyncDisposableStack,
): ImageSweeper {
  const use = new VersionUse();
  const observe = (): void => {
    use.observe(servingVersions(catalog), clock.nowMs());
  };
  const follow = events.subscribe(({ kind }) => {
    if (kind === 'pluginRegistered' || kind === 'pluginRemoved') observe();
  });
  stack.use(follow);
  // After the catalog has heard of it: whoever listens first is told first.
  stack.use(pipelines.onChange(observe));
  return new ImageSweeper({
    ...{ engine, instanceId, store, clock, events, logger, claims, use },
    disk: isEngineLocal ? new StatfsDiskSpace() : null,
    serving: () => servingVersions(catalog),
    plugins: () => new Set(catalog.statuses().map(({ name }) => name)),
    rules: { keepVersions: config.images.keepVersions, keepForMs: config.images.keepFor, freshMs: FRESH_MS },
    diskFreeMin: config.images.diskFree,
    callTimeoutMs: Math.max(config.engine.timeout, config.store.timeout),
  });
}
