// A worker's sandboxes over a real engine, with the puppet as its plugin: what the hostile tests attack. Each stand is an instance of its own
// on the engine, so that stands do not see each other.
import { rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import path from 'node:path';
import { DockerEngine } from '../../../src/adapters/docker/docker-engine.ts';
import { CgroupUsageMeter } from '../../../src/adapters/system/cgroup-usage-meter.ts';
import { FifoPipes } from '../../../src/adapters/system/fifo-pipes.ts';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import type { EngineFacts } from '../../../src/core/ports/container-engine.ts';
import type { InvocationEnd, InvocationRequest, PluginLogLine } from '../../../src/core/ports/invoker.ts';
import type { NamedPipes } from '../../../src/core/ports/named-pipes.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/json.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import { encodeJsonRequest } from '../../../src/protocol/json-request.ts';
import { createSandboxes, type Sandboxes } from '../../../src/sandbox/create-sandboxes.ts';
import type { OnSaid, SandboxSettings } from '../../../src/sandbox/sandbox-context.ts';
import type { PuppetStep } from '../puppet/puppet-folder.ts';
import { whyNoPipes, type TransportSetting } from '../../../src/sandbox/container/transports.ts';
import { EventList } from './event-list.ts';
import { plainRequest } from './plain-request.ts';
import { puppetImage } from './puppet-image.ts';
import { SilentLogger } from './silent-logger.ts';
import { pluginVersion, type VersionChanges } from './versions.ts';

const PREPARE_MS = 240_000;
/** Time and CPU time of a plugin whose test is about neither: a slow machine must not end it first. */
const PLUGIN_MS = 170_000;

/** One entry of the puppet's `seen`. */
export type Seen = JsonObject;

export interface StandTransport {
  readonly transport?: TransportSetting;
  /** one of its own unless given; removed with the stand */
  readonly pipesFolder?: string;
  /** makes of the real pipes what the sandboxes are to get */
  readonly alterPipes?: (pipes: NamedPipes) => NamedPipes;
  /** hears what plugin versions say of themselves; without it, they are not asked */
  readonly onSaid?: OnSaid;
}

export interface StandEnd extends InvocationEnd {
  readonly logs: readonly PluginLogLine[];
}

export class Stand implements AsyncDisposable {
  readonly clock = new SystemClock();
  readonly ids = new SystemIds();
  readonly events = new EventList();
  readonly logger = new SilentLogger();
  readonly usage = new CgroupUsageMeter();
  readonly engine: DockerEngine;
  readonly instanceId: string;
  readonly sandboxes: Sandboxes;
  readonly imageId: string;
  /** null: sandboxes of protocol `stream` get named pipes, unless these turn out not to work */
  readonly whyNoPipes: string | null;
  /** with a folder per sandbox that has pipes */
  readonly pipesFolder: string;
  #count = 0;
  readonly #versions: PluginVersion[] = [];

  private constructor(
    engine: DockerEngine,
    instanceId: string,
    imageId: string,
    facts: EngineFacts,
    settings: Partial<SandboxSettings>,
    transport: StandTransport,
  ) {
    const ownFolder = path.join(tmpdir(), `gantry-pipes-${this.ids.randomHex(8)}`);
    const { pipesFolder = ownFolder, alterPipes = (same: NamedPipes) => same } = transport;
    this.engine = engine;
    this.pipesFolder = pipesFolder;
    this.whyNoPipes = whyNoPipes(transport.transport ?? 'auto', facts, release());
    this.instanceId = instanceId;
    this.imageId = imageId;
    const { clock, ids, events, logger, usage } = this;
    this.sandboxes = createSandboxes({
      engine,
      clock,
      ids,
      events,
      logger,
      usage,
      facts,
      pipes: alterPipes(new FifoPipes(pipesFolder)),
      whyNoPipes: this.whyNoPipes,
      ...(transport.onSaid === undefined ? {} : { onSaid: transport.onSaid }),
      // Patient with a slow machine: no test is about an engine that does not answer.
      settings: {
        engineTimeoutMs: 120_000,
        startTimeoutMs: 120_000,
        workerId: ids.newId('wrk'),
        ...settings,
        instanceId,
      },
    });
  }

  static async open(settings: Partial<SandboxSettings> = {}, transport: StandTransport = {}): Promise<Stand> {
    const clock = new SystemClock();
    const instanceId = settings.instanceId ?? `test-${new SystemIds().randomHex(8)}`;
    const engine = new DockerEngine({
      dockerHost: process.env['GANTRY_TEST_DOCKER_HOST'] ?? process.env['DOCKER_HOST'] ?? null,
      instanceId,
      clock,
      events: new EventList(),
      logger: new SilentLogger(),
    });
    using patience = clock.deadline(PREPARE_MS);
    const { signal } = patience;
    const facts = await engine.facts({ signal });
    const imageId = await puppetImage(engine, signal);
    const stand = new Stand(engine, instanceId, imageId, facts, settings, transport);
    await stand.sandboxes.start();
    return stand;
  }

  /** The puppet with other limits; every set of changes is a version (and so a pool) of its own. */
  version(changes: VersionChanges = {}): PluginVersion {
    this.#count += 1;
    const id = `puppet@1.0.0+${String(this.#count).padStart(12, '0')}`;
    const limits = { timeoutMs: PLUGIN_MS, cpuTimeMs: PLUGIN_MS, ...changes.limits };
    const version = pluginVersion({ ...changes, limits, version: { id, imageId: this.imageId, ...changes.version } });
    this.#versions.push(version);
    return version;
  }

  /** Ends the idle sandboxes of every version made here. */
  retireAll(): void {
    for (const version of this.#versions) this.sandboxes.retire(version);
  }

  /** Id of the container behind a sandbox that is not gone; empty when there is none. */
  containerOf(sandboxId: string): string {
    return this.sandboxes.states().find(({ id }) => id === sandboxId)?.containerId ?? '';
  }

  /** Makes the puppet do the steps. */
  async act(
    version: PluginVersion,
    steps: readonly PuppetStep[],
    changes: Partial<InvocationRequest> = {},
  ): Promise<StandEnd> {
    const nonce = this.ids.randomHex(16);
    const input = this.#input(version, nonce, { do: steps as unknown as JsonValue });
    return await this.invoke(version, input, { nonce, ...changes });
  }

  async invoke(version: PluginVersion, input: Uint8Array, changes: Partial<InvocationRequest> = {}): Promise<StandEnd> {
    const logs: PluginLogLine[] = [];
    const own = { input, waitMs: 120_000, onLog: (line: PluginLogLine) => logs.push(line) };
    const request = { ...plainRequest(this.ids, version, own), ...changes };
    return { ...(await this.sandboxes.invoker.invoke(request)), logs };
  }

  /** What the puppet saw, step by step. */
  async see(version: PluginVersion, ...steps: readonly PuppetStep[]): Promise<readonly Seen[]> {
    const end = await this.act(version, steps);
    const seen = isJsonObject(end.result) ? end.result['seen'] : undefined;
    if (end.outcome.code !== 'ok' || !Array.isArray(seen)) throw new Error(`the puppet failed: ${JSON.stringify(end)}`);
    return seen.filter(isJsonObject);
  }

  /** Whether the cgroup files of this engine's containers can be read from here (not so for a remote engine). */
  async canMeter(): Promise<boolean> {
    let containerId: string | null = null;
    let isMetered = false;
    await this.act(this.version(), [], {
      onStarted: async (sandboxId) => {
        containerId = this.sandboxes.states().find((record) => record.id === sandboxId)?.containerId ?? null;
        isMetered = (await this.usage.read(containerId ?? '')) !== null;
      },
    });
    return isMetered;
  }

  /** Containers of this stand's instance that are on the engine now, running or not. */
  async containers(): Promise<readonly string[]> {
    using patience = this.clock.deadline(PREPARE_MS);
    const found = await this.engine.listContainers({}, { signal: patience.signal });
    return found.map((container) => container.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandboxes[Symbol.asyncDispose]();
    rmSync(this.pipesFolder, { recursive: true, force: true });
    await this.engine[Symbol.asyncDispose]();
  }

  #input(version: PluginVersion, nonce: string, data: JsonValue): Uint8Array {
    return encodeJsonRequest({
      invocationId: this.ids.newId('inv'),
      nonce,
      attempt: 1,
      idempotencyKey: this.ids.randomHex(8),
      deadlineAtMs: this.clock.nowMs() + version.plugin.limits.timeoutMs,
      timeoutMs: version.plugin.limits.timeoutMs,
      traceparent: null,
      run: { id: this.ids.newId('run'), pipeline: 'test', trigger: 'api' },
      hook: 'act',
      params: {},
      data,
      results: {},
      config: version.config,
      secrets: new Map(),
    });
  }
}
