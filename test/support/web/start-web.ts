// A real listener on a free loopback port over the memory store, a scripted door and a fixed catalog.
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { StoredArtifacts } from '../../../src/pipeline/services/stored-artifacts.ts';
import { request as httpRequest } from 'node:http';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { GantryError } from '../../../src/core/errors/gantry-error.ts';
import type { PluginStatus } from '../../../src/core/plugin.ts';
import type { Progress } from '../../../src/core/reported.ts';
import { EventBus } from '../../../src/observe/event-bus.ts';
import { createWeb } from '../../../src/web/create-web.ts';
import {
  DEFAULT_WEB_SETTINGS,
  type HealthReport,
  type LiveStatusView,
  type WebPorts,
  type WebSettings,
} from '../../../src/web/ports.ts';
import { MemoryStore } from '../store/memory-store.ts';
import {
  EXAMPLE_PIPELINE,
  EXAMPLE_RECORD_SWEEP,
  EXAMPLE_SWEEP,
  examplePlugin,
  readyPlugin,
  EXAMPLE_RULES,
} from './example-plugin.ts';
import { CollectingLogger } from './collecting-logger.ts';
import { exampleTriggers } from './example-triggers.ts';
import { ScriptedDoor } from './scripted-door.ts';

export interface TestWeb extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly store: MemoryStore;
  readonly door: ScriptedDoor;
  readonly bus: EventBus;
  readonly logger: CollectingLogger;
  readonly rebuilt: string[];
  /** by name; `startWeb` puts ORDERS_HMAC there */
  readonly secrets: Map<string, string>;
  health: HealthReport;
  plugins: readonly PluginStatus[];
  quarantined: LiveStatusView['quarantined'];
  /** of every invocation that has not ended */
  progress: Progress | null;
}

export const UP: HealthReport = {
  isReady: true,
  components: [
    { name: 'store', isUp: true, message: 'sqlite 3' },
    { name: 'engine', isUp: true, message: 'Docker 28' },
  ],
};

export async function startWeb(settings: Partial<WebSettings> = {}): Promise<TestWeb> {
  const logger = new CollectingLogger();
  const bus = new EventBus(logger);
  const store = new MemoryStore();
  const door = new ScriptedDoor(store, bus);
  const state = {
    health: UP,
    plugins: [readyPlugin('numbers', 'fetch'), readyPlugin('adder', 'sum')],
    quarantined: [] as LiveStatusView['quarantined'],
    progress: null as Progress | null,
  };
  const rebuilt: string[] = [];
  const secrets = new Map([['ORDERS_HMAC', 'whsec_c2VjcmV0LW9mLXRoZS1zaG9w']]);
  const ports: WebPorts = {
    store,
    runs: door,
    progressOf: () => state.progress,
    catalog: {
      snapshot: () => ({
        pluginsFor: (_pipeline, hook) => [examplePlugin(hook === 'fetch' ? 'numbers' : 'adder', hook)],
      }),
      statuses: () => state.plugins,
      settled: () => Promise.resolve(),
    },
    builds: {
      reload: () => Promise.resolve(),
      build: (name) => {
        rebuilt.push(name);
        return name === 'broken' ? Promise.reject(new GantryError('BUILD_FAILED', 'line 3 failed')) : Promise.resolve();
      },
      buildLog: (name) => (name === 'numbers' ? ['Step 1/2 : FROM base', 'Step 2/2 : COPY . /app'] : []),
    },
    ...exampleTriggers(store, bus, door, secrets),
    artifacts: new StoredArtifacts(store, new SystemIds()),
    retentionOf: () => EXAMPLE_RULES,
    images: { sweep: ({ isDryRun }) => Promise.resolve({ ...EXAMPLE_SWEEP, isDryRun }) },
    records: { sweep: ({ isDryRun }) => Promise.resolve({ ...EXAMPLE_RECORD_SWEEP, isDryRun }) },
    pipelines: () => [EXAMPLE_PIPELINE],
    pipelineProblems: () => [],
    reloadPipelines: () => Promise.resolve(),
    health: () => Promise.resolve(state.health),
    status: () => ({
      sandboxes: { creating: 0, starting: 0, idle: 2, busy: 1, stopping: 0 },
      capacity: { cpu: 0.25, memory: 0.5 },
      quarantined: state.quarantined,
    }),
    events: bus,
    clock: new SystemClock(),
    logger,
    version: '0.1.0',
  };
  const web = createWeb(ports, { ...DEFAULT_WEB_SETTINGS, port: 0, ...settings });
  const { url, port } = await web.listen();
  return Object.assign(state, {
    url,
    port,
    store,
    door,
    bus,
    logger,
    rebuilt,
    secrets,
    [Symbol.asyncDispose]: () => web.close(),
  });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** A request with headers that `fetch` does not let through (Host). */
export async function rawRequest(
  port: number,
  path: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<RawAnswer> {
  const answered = Promise.withResolvers<RawAnswer>();
  const request = httpRequest(
    { host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers: options.headers ?? {} },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        answered.resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
      response.on('error', answered.reject);
    },
  );
  request.on('error', answered.reject);
  request.end(options.body);
  return await answered.promise;
}
