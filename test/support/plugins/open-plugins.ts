// A living catalog over a folder of a test, with every event it emitted.
import { join } from 'node:path';
import type { DomainEvent } from '../../../src/core/events.ts';
import type { PluginStatus } from '../../../src/core/plugin.ts';
import type { ContainerEngine } from '../../../src/core/ports/container-engine.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { DEFAULT_BASES } from '../../../src/plugins/image/recipes.ts';
import { buildingPlugins, type PluginsOptions } from '../../../src/plugins/building-plugins.ts';
import type { Plugins } from '../../../src/plugins/plugins.ts';
import { MemoryStore } from '../store/memory-store.ts';

const REPOSITORY = join(import.meta.dirname, '../../..');
const MiB = 1024 * 1024;

export interface OpenPlugins extends AsyncDisposable {
  readonly plugins: Plugins;
  readonly store: MemoryStore;
  readonly events: readonly DomainEvent[];
  /** the events of one kind */
  of<Kind extends DomainEvent['kind']>(kind: Kind): readonly Extract<DomainEvent, { kind: Kind }>[];
}

/** @param instanceId as the engine labels what it builds */
export function openPlugins(
  folder: string,
  engine: ContainerEngine,
  instanceId: string,
  changes: Partial<PluginsOptions> = {},
): OpenPlugins {
  const events: DomainEvent[] = [];
  const store = new MemoryStore();
  const plugins = buildingPlugins({
    folder,
    root: folder,
    engine,
    instanceId,
    store,
    clock: new SystemClock(),
    events: { emit: (event) => void events.push(event) },
    logger: { log: () => undefined },
    bases: DEFAULT_BASES,
    sdkFolder: join(REPOSITORY, 'docker/runtimes'),
    policy: { allowDockerfile: true, allowNetwork: true },
    settingsFolder: null,
    expressions: null,
    buildTimeoutMs: 900_000,
    buildMemoryBytes: 1024 * MiB,
    callTimeoutMs: 60_000,
    scanIntervalMs: 20,
    pipelines: [{ name: 'default', hooks: [{ name: 'fetch' }] }],
    ...changes,
  });
  return {
    plugins,
    store,
    events,
    of: (kind) => events.filter((event): event is Extract<DomainEvent, { kind: typeof kind }> => event.kind === kind),
    [Symbol.asyncDispose]: () => plugins.stop(),
  };
}

/** `sample ready`, `other failed BUILD_FAILED`: the statuses as short texts. */
export function shortStatuses(statuses: readonly PluginStatus[]): readonly string[] {
  return statuses.map((status) =>
    status.state === 'failed'
      ? `${status.name} failed ${status.problems.map(({ code }) => code).join(' ')}`
      : `${status.name} ${status.state}`,
  );
}
