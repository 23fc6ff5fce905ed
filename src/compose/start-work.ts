// Sandboxes, plugins and runs on one engine: what a worker is. Runs are accepted at once and claimed as soon as the plugins of the folder are
// built (the loop of the runs waits for the catalog), so that none finds an empty one.
import { release } from 'node:os';
import { join } from 'node:path';
import { within } from '../core/deadline.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import type { WorkerId } from '../core/ids.ts';
import type { Invoker } from '../core/ports/invoker.ts';
import type { PluginCatalog } from '../core/ports/plugin-catalog.ts';
import type { RunPorts } from '../pipeline/run-ports.ts';
import { createHostServices } from '../pipeline/services/create-host-services.ts';
import { DEFAULT_BASES } from '../plugins/image/recipes.ts';
import { KeptVersions } from '../plugins/kept-versions.ts';
import { buildingPlugins } from '../plugins/building-plugins.ts';
import type { Plugins } from '../plugins/plugins.ts';
import { SelfDescriptions } from '../plugins/self-descriptions.ts';
import { PluginClaims } from '../plugins/retention/plugin-claims.ts';
import type { ImageSweeper } from '../plugins/retention/image-sweeper.ts';
import { encodeJsonRequest } from '../protocol/json-request.ts';
import { encodeTextRequest } from '../protocol/text-request.ts';
import type { RecordSweeper } from '../pipeline/retention/record-sweeper.ts';
import { createSandboxes, type SandboxesOptions } from '../sandbox/create-sandboxes.ts';
import { whyNoPipes, type TransportState } from '../sandbox/container/transports.ts';
import { createRuns, type Runs } from '../triggers/create-runs.ts';
import { followCatalog } from './follow-catalog.ts';
import type { Ground, InstanceEngine } from './ground.ts';
import { restoreImages } from './restore-images.ts';
import { sweepForEver } from './sweep-loop.ts';
import { makeSweeper } from './tidy-images.ts';
import { makeRecordSweeper } from './tidy-records.ts';
import { servingVersions, withSoloPipelines, withSoloPlugins } from './solo-runs.ts';

export interface Work {
  readonly runs: Runs;
  readonly catalog: PluginCatalog;
  readonly plugins: Plugins | null;
  readonly invoker: Invoker;
  /** how plugins of protocol `stream` are reached, and why; null without an engine */
  readonly transport: (() => TransportState) | null;
  /** null without an engine */
  readonly sweeper: ImageSweeper | null;
  readonly records: RecordSweeper;
}

export interface WorkOptions {
  /** the engine's files are on this machine's disks, as far as we may see them */
  readonly isEngineLocal: boolean;
  /** whether it lasts: programs for one command sweep no images unasked */
  readonly isLasting: boolean;
  /** cuts the start short */
  readonly stop: AbortSignal;
}

const FIRST_ANSWER_MS = 30_000;

/** @throws GantryError DOCKER_UNAVAILABLE, ENGINE_*, STORE_* */
export async function startWork(
  ground: Ground,
  { engine, instanceId }: InstanceEngine,
  options: WorkOptions,
  stack: AsyncDisposableStack,
): Promise<Work> {
  const { stop } = options;
  const { clock, ids, events, logger, usage, pipes, pressure, config } = ground;
  const workerId = ids.newId('wrk');
  const facts = await within(clock, FIRST_ANSWER_MS, stop, (signal) => engine.facts({ signal }));
  const descriptions = stack.use(makeDescriptions(ground));
  const sandboxes = stack.use(
    createSandboxes({
      ...{ engine, clock, ids, events, logger, usage, facts, pipes, pressure },
      onSaid: (version, said) => {
        descriptions.keep(version, said, (kept) => {
          plugins.putSaid(version, kept);
        });
      },
      whyNoPipes: whyNoPipes(config.sandbox.transport, facts, release()),
      settings: sandboxSettings(ground, instanceId, workerId),
    }),
  );
  await sandboxes.start();
  const claims = new PluginClaims();
  const plugins = stack.use(makePlugins(ground, { engine, instanceId }, claims, descriptions));
  stack.use(restoreImages(ground.events, plugins));
  const following = stack.use(followCatalog(ground.events, plugins, sandboxes));
  stack.use(
    ground.pipelines.onChange((declared) => {
      plugins.setPipelines([...declared.values()]);
      following.follow();
    }),
  );
  const sweeper = makeSweeper(ground, { engine, instanceId }, plugins, claims, options.isEngineLocal, stack);
  plugins.start();
  const versions = keptVersions(ground, { engine, instanceId }, plugins, claims);
  const { invoker } = sandboxes;
  const reach = { isEngineAway: () => !engine.isConnected(), versions };
  const runs = stack.use(makeRuns(ground, workerId, plugins, invoker, reach));
  stack.use(engine.onConnection(wakeOnReturn(runs)));
  await runs.start();
  const records = makeRecordSweeper(ground);
  if (options.isLasting) sweepOn(ground, plugins, { sweeper, records }, stack);
  return { runs, catalog: plugins, plugins, invoker, sweeper, records, transport: () => sandboxes.transport() };
}

function sandboxSettings({ config }: Ground, instanceId: string, workerId: WorkerId): SandboxesOptions['settings'] {
  return {
    ...{ instanceId, workerId },
    cpuOvercommit: config.sandbox.cpuOvercommit,
    memoryShare: config.sandbox.memoryShare,
    maxWaiting: config.sandbox.maxWaiting,
    maxWaitingPerPipeline: config.sandbox.maxWaitingPerPipeline,
    quarantineFailures: config.sandbox.quarantineFailures,
    quarantineWindowMs: config.sandbox.quarantineWindow,
    graceMs: config.sandbox.grace,
    pressureIntervalMs: config.brake.interval,
    brake: config.brake,
    engineTimeoutMs: config.engine.timeout,
    waitsForEngine: true,
  };
}

/** The queue is looked at as soon as the engine is back. */
function wakeOnReturn(runs: Runs): (lost: string | null) => void {
  return (lost) => {
    if (lost === null) runs.wake();
  };
}

function sweepOn(
  ground: Ground,
  catalog: PluginCatalog,
  { sweeper, records }: { readonly sweeper: ImageSweeper; readonly records: RecordSweeper },
  stack: AsyncDisposableStack,
): void {
  const { clock, ids, logger, config } = ground;
  const { isOn, interval: intervalMs } = config.images;
  if (isOn) stack.use(sweepForEver({ sweeper, subject: 'old images', intervalMs, catalog, clock, ids, logger }));
  sweepRecords(ground, catalog, records, stack);
}

export function sweepRecords(
  { clock, ids, logger, config }: Ground,
  catalog: PluginCatalog,
  sweeper: RecordSweeper,
  stack: AsyncDisposableStack,
): void {
  const { isOn, interval: intervalMs } = config.retention;
  if (isOn) stack.use(sweepForEver({ sweeper, subject: 'old records', intervalMs, catalog, clock, ids, logger }));
}

/** Without an engine: what is stored can be looked at, and queued runs can be cancelled; nothing is claimed. */
export function onlyStored(ground: Ground, stack: AsyncDisposableStack): Work {
  const catalog: PluginCatalog = {
    snapshot: () => ({ pluginsFor: () => [] }),
    statuses: () => [],
    settled: () => Promise.resolve(),
  };
  const runs = stack.use(makeRuns(ground, ground.ids.newId('wrk'), catalog, NO_INVOKER, { isEngineAway: () => true }));
  const records = makeRecordSweeper(ground);
  return { runs, catalog, plugins: null, invoker: NO_INVOKER, sweeper: null, records, transport: null };
}

/** Of a program that claims nothing. */
export const NO_INVOKER: Invoker = {
  invoke: () => Promise.reject(new GantryError('DEFECT', 'an invocation without an engine')),
};

export function settingsFolderOf({ at }: Ground): string {
  return at(join('config', 'plugins'));
}

export function makeDescriptions({ store, secrets, clock, logger, config }: Ground): SelfDescriptions {
  return new SelfDescriptions({ store, secrets, clock, logger, callTimeoutMs: config.store.timeout });
}

function makePlugins(
  ground: Ground,
  { engine, instanceId }: InstanceEngine,
  claims: PluginClaims,
  descriptions: SelfDescriptions,
): Plugins {
  const { root, clock, events, logger, store, expressions, config, at, pipelines } = ground;
  return buildingPlugins({
    ...{ engine, instanceId, clock, events, logger, store, expressions, root, claims, descriptions },
    folder: at(config.plugins.folder),
    settingsFolder: settingsFolderOf(ground),
    sdkFolder: join(root, 'docker', 'runtimes'),
    scanIntervalMs: config.plugins.scanInterval,
    pipelines: [...pipelines.current().values()],
    bases: DEFAULT_BASES,
    policy: { allowDockerfile: config.build.allowDockerfile, allowNetwork: config.build.allowNetwork },
    buildTimeoutMs: config.build.timeout,
    buildMemoryBytes: config.build.memory,
    callTimeoutMs: config.engine.timeout,
  });
}

function keptVersions(
  ground: Ground,
  instance: InstanceEngine,
  catalog: PluginCatalog,
  claims: PluginClaims,
): KeptVersions {
  const { store, clock, config } = ground;
  return new KeptVersions({
    ...{ ...instance, store, clock, claims, settingsFolder: settingsFolderOf(ground) },
    serving: () => servingVersions(catalog),
    callTimeoutMs: config.engine.timeout,
  });
}

export function makeRuns(
  ground: Ground,
  workerId: WorkerId,
  catalog: PluginCatalog,
  invoker: Invoker,
  reach: Pick<RunPorts, 'isEngineAway' | 'versions'>,
): Runs {
  const { clock, ids, events, logger, store, artifacts, secrets, expressions, pipelines, config, startBeats } = ground;
  return createRuns({
    ...{ store, clock, ids, events, logger, invoker, secrets, expressions, ...reach },
    ...(startBeats === null ? {} : { startBeats }),
    services: createHostServices({
      ...{ store, clock, ids, logger, events, content: artifacts, storeTimeoutMs: config.store.timeout },
      limits: { sizeBytes: config.artifacts.maxSize, runBytes: config.artifacts.maxRunSize },
    }),
    catalog: withSoloPlugins(catalog),
    encoding: { json: encodeJsonRequest, text: encodeTextRequest },
    pipelines: () => withSoloPipelines(pipelines.current(), catalog),
    rereadPipelines: () => pipelines.reload(),
    settings: {
      workerId,
      isOnlyWorker: config.store.uri.reveal() === '',
      maxRunning: config.runs.maxRunning,
      maxQueued: config.runs.maxQueued,
      heartbeatMs: config.runs.heartbeat,
      deadAfterMs: config.runs.deadAfter,
      graceMs: config.runs.grace,
      cancelGraceMs: config.sandbox.grace,
      storeTimeoutMs: config.store.timeout,
      invocationWaitMs: config.runs.sandboxWait,
    },
  });
}
