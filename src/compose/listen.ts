// Panel, API and metrics over the work, and everything that watches: metrics, health. On the end of the program the runs are drained while
// the API still answers, so that whoever waits for a run hears how it ended.
import { createProgramUsage } from '../adapters/system/program-usage.ts';
import type { Pipeline } from '../core/pipeline.ts';
import type { ContainerEngine } from '../core/ports/container-engine.ts';
import { GantryError } from '../core/errors/gantry-error.ts';
import { EngineOutage } from '../observe/engine-outage.ts';
import { HealthMonitor, type HealthCheck } from '../observe/health-monitor.ts';
import { describePressure } from '../core/pressure.ts';
import { LiveProgress } from '../observe/live-progress.ts';
import { LiveStatus, type LiveStatusState } from '../observe/live-status.ts';
import { logEvents } from '../observe/log-events.ts';
import { ProgramGauges } from '../observe/program-gauges.ts';
import { MetricsRecorder } from '../observe/record-metrics.ts';
import { createWeb } from '../web/create-web.ts';
import { createMetricsWeb } from '../web/health/metrics-web.ts';
import { DEFAULT_WEB_SETTINGS } from '../web/ports.ts';
import { rulesFor } from '../core/record-retention.ts';
import { runRules } from './tidy-records.ts';
import type { Ground } from './ground.ts';
import type { Triggers } from './open-triggers.ts';
import { describeTransport } from '../sandbox/container/transports.ts';
import type { Work } from './start-work.ts';

export interface Listeners {
  /** null: nobody may ask */
  readonly url: string | null;
  readonly metricsUrl: string | null;
}

/** What is known of the present, kept from events. */
export interface LiveViews {
  readonly status: LiveStatus;
  readonly progress: LiveProgress;
  readonly outage: EngineOutage;
}

/** Metrics and live state from the first event on: call it before any work starts. */
export function observe(ground: Ground, stack: AsyncDisposableStack): LiveViews {
  const { clock, events, metrics, pipelines, logger } = ground;
  const recorder = new MetricsRecorder({
    metrics,
    pipelines: [...pipelines.current().keys()],
    hooks: hookNames(pipelines.current()),
  });
  stack.use(
    pipelines.onChange((declared) => {
      recorder.know([...declared.keys()], hookNames(declared));
    }),
  );
  const live = { status: new LiveStatus(), progress: new LiveProgress(), outage: new EngineOutage(clock) };
  stack.use(events.subscribe(recorder.record));
  stack.use(events.subscribe(live.status.record));
  stack.use(events.subscribe(live.progress.record));
  stack.use(events.subscribe(live.outage.record));
  stack.use(events.subscribe(logEvents(logger)));
  return live;
}

function hookNames(declared: ReadonlyMap<string, Pipeline>): readonly string[] {
  const all = [...declared.values()].flatMap(({ hooks, onFailure, finally: last }) => [
    ...hooks,
    ...onFailure,
    ...last,
  ]);
  return all.map(({ name }) => name);
}

export interface ListenRequest {
  readonly ground: Ground;
  readonly work: Work;
  readonly triggers: Triggers;
  readonly engine: ContainerEngine | null;
  readonly live: LiveViews;
  readonly release: string;
  /** false: no metrics listener */
  readonly isScraped: boolean;
  /** false: neither panel nor API */
  readonly isAsked: boolean;
}

/** @throws GantryError PORT_TAKEN */
export async function listen(request: ListenRequest, stack: AsyncDisposableStack): Promise<Listeners> {
  const { ground, work } = request;
  const monitor = new HealthMonitor(checksOf(request), ground.clock);
  const url = request.isAsked ? await listenForCallers(request, monitor, stack) : null;
  const metricsUrl = request.isScraped ? await listenForScrapes(request, monitor, stack) : null;
  stack.defer(async () => {
    await work.runs.drain(new AbortController().signal);
  });
  ground.logger.log('info', 'listening', { url, metricsUrl });
  return { url, metricsUrl };
}

async function listenForCallers(
  request: ListenRequest,
  monitor: HealthMonitor,
  stack: AsyncDisposableStack,
): Promise<string> {
  const { config } = request.ground;
  const web = createWeb(webPorts(request, monitor), {
    ...DEFAULT_WEB_SETTINGS,
    host: config.web.host,
    port: config.web.port,
    allowedHosts: config.web.allowedHosts,
  });
  stack.defer(() => web.close());
  const { url } = await web.listen();
  return url;
}

async function listenForScrapes(
  { ground, live, release }: ListenRequest,
  monitor: HealthMonitor,
  stack: AsyncDisposableStack,
): Promise<string> {
  const { clock, logger, config, metrics, store } = ground;
  const health = (): ReturnType<HealthMonitor['health']> => monitor.health();
  const gauges = new ProgramGauges({
    metrics,
    store,
    clock,
    health,
    outage: live.outage,
    deadAfterMs: config.runs.deadAfter,
    usage: createProgramUsage(),
    version: release,
    nodeVersion: process.version,
  });
  const web = createMetricsWeb({ metricsPage: () => gauges.page(), health, clock, logger }, config.metrics);
  stack.defer(() => web.close());
  const { url } = await web.listen();
  return url;
}

function webPorts(
  { ground, work, triggers, live, release }: ListenRequest,
  monitor: HealthMonitor,
): Parameters<typeof createWeb>[0] {
  const { store, artifacts, events, clock, logger, pipelines } = ground;
  const { runs, catalog, plugins, sweeper } = work;
  return {
    ...{ store, artifacts, sharesStore: ground.config.store.uri.reveal() !== '' },
    retentionOf: (name) => rulesFor(runRules(ground.config), pipelines.current().get(name)?.retention),
    runs: {
      startRun: (request) => runs.startRun(request),
      retryRun: (request) => runs.retryRun(request),
      replayRun: (request) => runs.replayRun(request),
      redrive: (request, signal) => runs.redrive(request, signal),
      requestCancel: (id) => runs.requestCancel(id),
      decideApproval: (request) => runs.decideApproval(request),
      waitSettled: (id, options) => runs.waitSettled(id, options),
      expectRecords: (id) => runs.expectRecords(id),
      recordsOf: (id) => runs.recordsOf(id),
    },
    schedules: triggers.schedules,
    webhooks: triggers.webhooks,
    catalog,
    builds: {
      reload: async (signal) => {
        await pipelines.reload();
        await plugins?.reload(signal);
      },
      build: async (name, signal) => {
        if (plugins === null)
          throw new GantryError('PLUGIN_NOT_FOUND', `no plugin is called ${name}: the engine is not in use`);
        await plugins.build(name, signal);
      },
      buildLog: (name) => plugins?.buildLog(name) ?? [],
    },
    images: {
      sweep: (request, signal) =>
        sweeper?.sweep(request, signal) ??
        Promise.reject(new GantryError('DOCKER_UNAVAILABLE', 'this program was started without an engine')),
    },
    records: { sweep: (request, signal) => work.records.sweep(request, signal) },
    pipelines: () => [...pipelines.current().values()],
    pipelineProblems: () => pipelines.problems(),
    reloadPipelines: () => pipelines.reload(),
    health: () => monitor.health(),
    status: () => live.status.status(),
    progressOf: (invocation) => live.progress.of(invocation),
    events,
    clock,
    logger,
    version: release,
  };
}

function checksOf({ ground, engine, work, live }: ListenRequest): readonly HealthCheck[] {
  const { store } = ground;
  const checks: HealthCheck[] = [
    {
      name: 'store',
      isRequired: true,
      check: async (signal) => {
        await store.ping({ signal });
        const { kind, version } = await store.describe({ signal });
        return `${kind} ${version}`;
      },
    },
    {
      name: 'runs',
      isRequired: true,
      check: () => (work.runs.isDraining() ? Promise.reject(new Error('draining')) : Promise.resolve('accepting')),
    },
  ];
  if (engine !== null)
    checks.push({ name: 'engine', isRequired: true, check: (signal) => engineVersion(engine, live.outage, signal) });
  if (ground.pressure !== null && engine !== null)
    checks.push({ name: 'pressure', isRequired: false, check: () => toldPressure(live.status.status().pressure) });
  const { transport } = work;
  if (transport !== null)
    checks.push({ name: 'transport', isRequired: false, check: () => Promise.resolve(describeTransport(transport())) });
  return checks;
}

/** Down while starts are stopped: the program is ready all the same. */
async function toldPressure(pressure: LiveStatusState['pressure']): Promise<string> {
  if (pressure === null) return 'not read yet';
  const told = `starts ${pressure.state}: ${describePressure(pressure)}`;
  return await (pressure.state === 'stopped' ? Promise.reject(new Error(told)) : Promise.resolve(told));
}

async function engineVersion(engine: ContainerEngine, { current }: EngineOutage, signal: AbortSignal): Promise<string> {
  if (!engine.isConnected()) {
    const away = current === null ? '' : ` for ${String(Math.round(current.forMs / 1000))} s (${current.message})`;
    throw new Error(`away${away}; runs wait until it is back`);
  }
  const { engineVersion: version } = await engine.facts({ signal });
  return `Docker Engine ${version}`;
}
