// Image retention put together, and its rhythm: a first sweep when the catalog is settled, then one at each interval, each a little off, so
// that instances on one engine do not sweep at once.
import { StatfsDiskSpace } from '../adapters/system/statfs-disk-space.ts';
import { messageOf } from '../core/errors/gantry-error.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { IdSource } from '../core/ports/id-source.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';
import { ImageSweeper } from '../plugins/retention/image-sweeper.ts';
import type { PluginClaims } from '../plugins/retention/plugin-claims.ts';
import { VersionUse } from '../plugins/retention/version-use.ts';
import type { Ground, InstanceEngine } from './ground.ts';
import { servingVersions } from './solo-runs.ts';

/** An image may be made by `plugin dev` or `plugin test`, in another process, and be looked at there. */
const FRESH_MS = 600_000;
/** The first sweep is not part of the start. */
const FIRST_DELAY_MS = 60_000;

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

export interface SweepLoop {
  readonly sweeper: Pick<ImageSweeper, 'sweep'>;
  readonly catalog: Pick<PluginCatalog, 'settled'>;
  readonly clock: Clock;
  readonly ids: Pick<IdSource, 'randomHex'>;
  readonly logger: Logger;
  readonly intervalMs: number;
}

/** Sweeps until it is disposed of, which waits for the end of the request that is under way. */
export function sweepForEver(loop: SweepLoop): AsyncDisposable {
  const stop = new AbortController();
  const running = run(loop, stop.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('the program ends'));
      await running;
    },
  };
}

async function run(loop: SweepLoop, signal: AbortSignal): Promise<void> {
  const { catalog, clock, ids, intervalMs } = loop;
  const part = (): number => Number.parseInt(ids.randomHex(2), 16) / 0x1_0000;
  try {
    await catalog.settled(signal);
    await clock.sleep(Math.min(FIRST_DELAY_MS, intervalMs) * (0.5 + 0.5 * part()), signal);
    for (;;) {
      await sweepOnce(loop, signal);
      await clock.sleep(intervalMs * (0.9 + 0.2 * part()), signal);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}

/** What fails is said, and tried again at the next turn. */
async function sweepOnce({ sweeper, logger }: SweepLoop, signal: AbortSignal): Promise<void> {
  try {
    await sweeper.sweep({ isDryRun: false }, signal);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    logger.log('warn', 'old images could not be looked for', { cause: messageOf(thrown) });
  }
}
