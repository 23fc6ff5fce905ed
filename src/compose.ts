// The composition root: the only place that makes adapters. Things go on one stack in the order they need each other, so the end of the
// program is this file read backwards: listeners, runs, plugins, sandboxes, engine, store, lock.
import { isAbsolute, join } from 'node:path';
import { CelExpressions } from './adapters/cel/cel-expressions.ts';
import { DockerEngine } from './adapters/docker/docker-engine.ts';
import { PinoLogger } from './adapters/logging/pino-logger.ts';
import { mongoBeats } from './adapters/mongo/mongo-beats.ts';
import { MongoStore } from './adapters/mongo/mongo-store.ts';
import { PrometheusMetrics } from './adapters/prometheus/prometheus-metrics.ts';
import { lockInstance } from './adapters/sqlite/instance-lock.ts';
import { SqliteStore } from './adapters/sqlite/sqlite-store.ts';
import { ArtifactFiles } from './adapters/system/artifact-files.ts';
import { CgroupUsageMeter } from './adapters/system/cgroup-usage-meter.ts';
import { FifoPipes } from './adapters/system/fifo-pipes.ts';
import { announceServer, makeDataFolder, openInstanceFolder } from './adapters/system/instance-folder.ts';
import { ProcPressure } from './adapters/system/proc-pressure.ts';
import { SystemClock } from './adapters/system/system-clock.ts';
import { SystemIds } from './adapters/system/system-ids.ts';
import { DEAR_COMMANDS } from './adapters/write-behind/flush-sizes.ts';
import { WriteBehindStore } from './adapters/write-behind/write-behind-store.ts';
import type { Ground, InstanceEngine } from './compose/ground.ts';
import { lockKitFolder } from './compose/kit-folder.ts';
import { listen, observe } from './compose/listen.ts';
import { openTriggers } from './compose/open-triggers.ts';
import { PipelineBook, readPipelines, type ReadPipelines } from './compose/pipeline-book.ts';
import { breakProgram } from './compose/break-program.ts';
import { startServing } from './compose/start-serving.ts';
import { onlyStored, startWork, type Work } from './compose/start-work.ts';
import { openStoreAtOnce, waitForStore } from './compose/wait-for-store.ts';
import { ConfigSecrets } from './config/config-secrets.ts';
import type { LoadedConfig } from './config/load-config.ts';
import type { Environment } from './config/read-environment.ts';
import { RELEASE } from './config/release.ts';
import { readFailpoints } from './config/read-failpoint.ts';
import { within } from './core/deadline.ts';
import type { JsonValue } from './core/json.ts';
import type { Pipeline } from './core/pipeline.ts';
import type { ContainerEngine } from './core/ports/container-engine.ts';
import type { Store } from './core/ports/store.ts';
import { EventBus, PACE } from './observe/event-bus.ts';
import { METRICS } from './observe/metric-definitions.ts';

export interface PartsRequest {
  /** folder that relative paths of the configuration start from */
  readonly root: string;
  readonly environment: Environment;
  readonly loaded: LoadedConfig;
}

export interface ServerRequest extends PartsRequest {
  /** `store`: no engine is asked for anything, so only what is stored can be looked at */
  readonly needs: 'store' | 'engine';
  /** whether other programs shall find it (they then talk to it) and whether its log goes to stdout */
  readonly isPublic: boolean;
  /** its abort cuts the start short */
  readonly stop: AbortSignal;
}

export interface Server extends AsyncDisposable {
  /** of panel and API; null: a worker, which answers nobody */
  readonly url: string | null;
  readonly metricsUrl: string | null;
  /** Settles when every plugin of the folder is built or refused. */
  settled(signal: AbortSignal): Promise<void>;
  /** Accepts and claims no run any more; what is under way has the grace. @returns false when runs had to be let go as they were */
  drain(): Promise<boolean>;
}

/** What every use of the program needs. The store is not open yet, the engine not asked for anything. */
async function layGround(
  { root, environment, loaded }: PartsRequest,
  first: ReadPipelines | null,
  isLogged: boolean,
  stack: AsyncDisposableStack,
): Promise<Ground> {
  const { config, dataFolder } = loaded;
  const at = pathsFrom(root);
  const clock = new SystemClock();
  const ids = new SystemIds();
  await makeDataFolder(dataFolder);
  const file = { folder: at(config.logs.folder), maxBytes: config.logs.maxSize, keep: config.logs.keep };
  const stream = isLogged ? process.stdout : null;
  const isWatched = process.stdout.isTTY;
  const logger = stack.use(new PinoLogger({ level: config.logs.level, file, stream, isWatched }));
  // A kit looks up in the events what became of a sandbox that has just answered: it hears at once.
  const events = stack.use(new EventBus(logger, isLogged ? PACE : null));
  const { store, artifacts } = makeStore(loaded, { clock, events, logger }, stack);
  const pipelines = new PipelineBook({
    ...{ first, clock, logger },
    intervalMs: config.plugins.scanInterval,
    store: (changed) => storePipelines({ store, clock, config }, changed),
  });
  return {
    ...{ root, config, dataFolder, clock, logger, events, store, pipelines, at },
    startBeats: isEmbedded(config) ? null : mongoBeats(config.store.uri.reveal(), config.store.database, logger),
    ids,
    artifacts,
    metrics: new PrometheusMetrics(Object.values(METRICS)),
    secrets: new ConfigSecrets(at(config.secrets.folder), environment),
    expressions: new CelExpressions(),
    usage: new CgroupUsageMeter(),
    pressure: config.brake.isOn && isLocal(loaded.dockerHost) ? new ProcPressure() : null,
    pipes: stack.use(new FifoPipes(join(dataFolder, 'runtime'))),
  };
}

function isEmbedded({ store }: Ground['config']): boolean {
  return store.uri.reveal() === '';
}

function isLocal(dockerHost: string): boolean {
  return !/^(tcp|http):/.test(dockerHost.trim());
}

function pathsFrom(root: string): (path: string) => string {
  return (path) => (isAbsolute(path) ? path : join(root, path));
}

function makeStore(
  { config, dataFolder }: LoadedConfig,
  common: { readonly clock: SystemClock; readonly events: EventBus; readonly logger: PinoLogger },
  stack: AsyncDisposableStack,
): Pick<Ground, 'store' | 'artifacts'> {
  const uri = config.store.uri.reveal();
  const behind = (store: Store, sizes = {}): Store =>
    stack.use(
      new WriteBehindStore({
        ...{ store, ...common, ...sizes },
        flushWithinMs: config.store.flushWithin,
        heldBytesMax: config.store.heldSize,
        storeTimeoutMs: config.store.timeout,
      }),
    );
  if (isEmbedded(config)) {
    const store = new SqliteStore({ path: join(dataFolder, 'gantry.db'), ...common });
    return { store: behind(store), artifacts: new ArtifactFiles(join(dataFolder, 'artifacts')) };
  }
  const store = new MongoStore({ uri, database: config.store.database, ...common });
  return { store: behind(store, { sizes: DEAR_COMMANDS }), artifacts: store.artifacts };
}

async function makeEngine(ground: Ground, dockerHost: string, stack: AsyncDisposableStack): Promise<InstanceEngine> {
  const { clock, ids, logger, events, dataFolder } = ground;
  const instanceId = await openInstanceFolder(dataFolder, ids);
  return { engine: stack.use(new DockerEngine({ dockerHost, instanceId, clock, events, logger })), instanceId };
}

/** Store and engine for `doctor`, beside a server that may be running. */
export async function openParts(
  request: PartsRequest,
): Promise<Pick<Ground, 'store' | 'pressure'> & { readonly engine: ContainerEngine } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const ground = await layGround(request, null, false, stack);
  const { engine } = await makeEngine(ground, request.loaded.dockerHost, stack);
  const held = stack.move();
  const { store, pressure } = ground;
  return { store, pressure, engine, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** For work on one plugin's folder beside a server that may be running: without a store. */
export interface PluginKit extends AsyncDisposable {
  readonly ground: Ground;
  /** the installation's own: an image that was built for a check is the one that the server would build */
  readonly images: InstanceEngine;
  /** an instance of the kit's own: no reaper of another program sees its sandboxes, and its own next start reaps what a killed one left */
  readonly sandboxes: InstanceEngine;
}

export async function openPluginKit(request: PartsRequest): Promise<PluginKit> {
  await using stack = new AsyncDisposableStack();
  const { dataFolder, dockerHost } = request.loaded;
  const ground = await layGround(request, null, false, stack);
  const { folder, lock } = await lockKitFolder(dataFolder);
  stack.use(lock);
  const images = await makeEngine(ground, dockerHost, stack);
  const sandboxes = await makeEngine({ ...ground, dataFolder: folder }, dockerHost, stack);
  const held = stack.move();
  return { ground, images, sandboxes, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/**
 * Starts everything and resolves when it listens. Disposing of it drains the runs, then ends the rest.
 * @throws GantryError INSTANCE_LOCKED, PORT_TAKEN, DOCKER_UNAVAILABLE, STORE_*, CONFIG_*, PIPELINE_INVALID
 */
export async function startServer(request: ServerRequest): Promise<Server> {
  const { root, loaded, stop, needs, isPublic } = request;
  const { file } = loaded.config.pipelines;
  const first = await readPipelines(pathsFrom(root)(file), file);
  await using stack = new AsyncDisposableStack();
  await makeDataFolder(loaded.dataFolder);
  stack.use(lockInstance(loaded.dataFolder));
  const ground = await layGround(request, first, isPublic, stack);
  const live = observe(ground, stack);
  breakProgram(readFailpoints(request.environment), ground.logger);
  await (isPublic ? waitForStore(ground, stop) : openStoreAtOnce(ground, stop));
  await storePipelines(ground, [...first.declared.values()]);
  const role = isPublic ? loaded.role : 'all';
  const isWorking = needs === 'engine' && role !== 'server';
  const instance = isWorking ? await makeEngine(ground, loaded.dockerHost, stack) : null;
  const work = await workOf(ground, instance, request, stack);
  const engine = instance?.engine ?? null;
  stack.use(ground.pipelines).start();
  const triggers = openTriggers(ground, work.runs);
  const listeners = await listen(
    { ground, work, triggers, engine, live, release: RELEASE, isScraped: isPublic, isAsked: role !== 'worker' },
    stack,
  );
  const { url } = listeners;
  if (isPublic && url !== null) {
    stack.use(triggers.start());
    stack.use(await announceServer(loaded.dataFolder, { url, pid: process.pid }));
  }
  const held = stack.move();
  return {
    ...listeners,
    settled: (signal) => work.catalog.settled(signal),
    drain: () => work.runs.drain(new AbortController().signal),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What the program does of runs: its role decides, and whether there is an engine. */
async function workOf(
  ground: Ground,
  instance: InstanceEngine | null,
  { loaded, needs, isPublic, stop }: ServerRequest,
  stack: AsyncDisposableStack,
): Promise<Work> {
  const options = { isEngineLocal: isLocal(loaded.dockerHost), isLasting: isPublic, stop };
  if (instance !== null) return await startWork(ground, instance, options, stack);
  return needs === 'engine' ? await startServing(ground, stack) : onlyStored(ground, stack);
}

async function storePipelines(
  { store, clock, config }: Pick<Ground, 'store' | 'clock' | 'config'>,
  pipelines: readonly Pipeline[],
): Promise<void> {
  for (const pipeline of pipelines) {
    const { name, version } = pipeline;
    const definition = JSON.parse(JSON.stringify(pipeline)) as JsonValue;
    const record = { name, version, author: 'file', definition, createdAtMs: clock.nowMs() };
    await within(clock, config.store.timeout, null, (signal) => store.putPipelineVersion(record, { signal }));
  }
}
