// What a `server` does of runs: it accepts, shows, schedules and cancels them, and ends those whose time is up; it claims none, so it needs no
// engine. Which plugins there are it reads from the folders; their versions are those that workers have built and stored.
import { raced } from '../core/deadline.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';
import { Plugins } from '../plugins/plugins.ts';
import { RecordedVersions } from '../plugins/recorded-versions.ts';
import { StoredVersions } from '../plugins/stored-versions.ts';
import type { Ground } from './ground.ts';
import { makeDescriptions, makeRuns, NO_INVOKER, settingsFolderOf, sweepRecords, type Work } from './start-work.ts';
import { makeRecordSweeper } from './tidy-records.ts';

/** A worker that builds a changed folder is not heard of, but looked for. */
const LOOK_AGAIN_MS = 15_000;

/** @throws GantryError STORE_* */
export async function startServing(ground: Ground, stack: AsyncDisposableStack): Promise<Work> {
  const plugins = stack.use(makePlugins(ground));
  stack.use(
    ground.pipelines.onChange((declared) => {
      plugins.setPipelines([...declared.values()]);
    }),
  );
  plugins.start();
  const reach = { isEngineAway: () => true, versions: new RecordedVersions(ground.store) };
  const runs = stack.use(makeRuns(ground, ground.ids.newId('wrk'), neverSettled(plugins), NO_INVOKER, reach));
  await runs.start();
  const records = makeRecordSweeper(ground);
  sweepRecords(ground, plugins, records, stack);
  return { runs, catalog: plugins, plugins, invoker: NO_INVOKER, sweeper: null, records, transport: null };
}

/** Runs of dead workers go on elsewhere: whether a plugin may be called again is for those to say who know all versions. */
function neverSettled(catalog: PluginCatalog): PluginCatalog {
  return {
    snapshot: () => catalog.snapshot(),
    statuses: () => catalog.statuses(),
    settled: (signal) => raced(Promise.withResolvers<never>().promise, signal),
  };
}

function makePlugins(ground: Ground): Plugins {
  const { root, clock, events, logger, store, expressions, config, at, pipelines } = ground;
  const options = {
    ...{ root, clock, events, logger, expressions, descriptions: makeDescriptions(ground) },
    folder: at(config.plugins.folder),
    settingsFolder: settingsFolderOf(ground),
    scanIntervalMs: config.plugins.scanInterval,
    pipelines: [...pipelines.current().values()],
    policy: { allowDockerfile: config.build.allowDockerfile, allowNetwork: config.build.allowNetwork },
    lookAgainMs: LOOK_AGAIN_MS,
  };
  return new Plugins(options, new StoredVersions({ store, clock, callTimeoutMs: config.store.timeout }));
}
