// One worker with everything a run passes on its way: embedded store in a temporary folder, runs, pools, a real engine, and what listens to
// events in the program.
import { release } from 'node:os';
import { join } from 'node:path';
import { DockerEngine } from '../../src/adapters/docker/docker-engine.ts';
import { FifoPipes } from '../../src/adapters/system/fifo-pipes.ts';
import { CgroupUsageMeter } from '../../src/adapters/system/cgroup-usage-meter.ts';
import { SystemClock } from '../../src/adapters/system/system-clock.ts';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import { NO_SECRETS } from '../../src/core/redact.ts';
import type { JsonValue } from '../../src/core/json.ts';
import type { Durability } from '../../src/core/pipeline.ts';
import type { Plugin, PluginVersion, Reuse } from '../../src/core/plugin.ts';
import type { InvocationEnd } from '../../src/core/ports/invoker.ts';
import type { Transport } from '../../src/core/sandbox.ts';
import type { PluginCatalog } from '../../src/core/ports/plugin-catalog.ts';
import { encodeJsonRequest } from '../../src/protocol/json-request.ts';
import { encodeTextRequest } from '../../src/protocol/text-request.ts';
import { createSandboxes, type Sandboxes } from '../../src/sandbox/create-sandboxes.ts';
import { whyNoPipes } from '../../src/sandbox/container/transports.ts';
import { createRuns, type Runs, type RunsOptions } from '../../src/triggers/create-runs.ts';
import { makePipeline, SETTINGS } from '../support/pipeline/run-world.ts';
import { makeVersion } from '../support/plugins/make-version.ts';
import { streamImage } from '../support/sandbox/stream-image.ts';
import { patient } from '../support/store/build-records.ts';
import { createSqliteStore, createTestFolder, writeBehind } from '../support/store/open-sqlite.ts';
import { NullStore } from './null-store.ts';
import { observedEvents } from './observed-events.ts';

export type Kept = Exclude<Reuse, 'never'>;

export interface WarmWorldOptions {
  readonly dockerHost: string;
  /** sandboxes of each plugin; 1 unless given */
  readonly sandboxes?: number;
  /** by which the sandboxes are reached; named pipes, the program's choice, unless given (and where they do not work, by attach all the same) */
  readonly transport?: Transport;
  /** hooks of the pipeline, all served by the warm plugin; one unless given */
  readonly hookNames?: readonly string[];
  /** runs are not stored at all; in the embedded store unless given */
  readonly storesNothing?: boolean;
  /** file of the plugin in this folder */
  readonly program?: string;
  /** who serves the pipeline, and which pipelines there are besides; the warm plugin and none unless given */
  readonly catalog?: (
    warm: PluginVersion,
  ) => { readonly catalog: PluginCatalog } & Partial<Pick<RunsOptions, 'pipelines'>>;
}

export const PIPELINE = 'warm';
/** The same with `durability: queued`. */
const QUEUED_PIPELINE = 'warm_queued';
const FOREVER_MS = 600_000;
const LOOK_MS = 5;

interface WorldParts {
  readonly imageId: string;
  readonly versions: Readonly<Record<Kept, PluginVersion>>;
  readonly sandboxes: Sandboxes;
  readonly runs: Runs;
}

export class WarmWorld implements AsyncDisposable {
  readonly versions: WorldParts['versions'];
  readonly imageId: string;
  readonly sandboxes: Sandboxes;
  readonly clock = new SystemClock();
  readonly ids = new SystemIds();
  readonly #runs: Runs;
  readonly #stack = new AsyncDisposableStack();
  /** One for all runs: a timer and weak references for each would be a tenth of what is measured. */
  readonly #patience = AbortSignal.timeout(FOREVER_MS);

  private constructor({ versions, imageId, sandboxes, runs }: WorldParts, stack: AsyncDisposableStack) {
    this.versions = versions;
    this.imageId = imageId;
    this.sandboxes = sandboxes;
    this.#runs = runs;
    this.#stack.use(stack);
  }

  static async open(options: WarmWorldOptions): Promise<WarmWorld> {
    await using stack = new AsyncDisposableStack();
    const { dockerHost, sandboxes: count = 1, hookNames = ['fetch'], program = 'warm-plugin.py' } = options;
    const [clock, ids] = [new SystemClock(), new SystemIds()];
    const owner = { instanceId: ids.randomHex(16), workerId: ids.newId('wrk') };
    const folder = stack.use(createTestFolder());
    const shared = {
      clock,
      ids,
      ...observedEvents(folder.path, { pipelines: [PIPELINE, QUEUED_PIPELINE], hooks: hookNames }, stack),
    };
    const engine = stack.use(new DockerEngine({ ...shared, dockerHost, instanceId: owner.instanceId }));
    const signal = AbortSignal.timeout(FOREVER_MS);
    const facts = await engine.facts({ signal });
    const imageId = await streamImage(engine, signal, join(import.meta.dirname, program));
    const versions = {
      warm: warmVersion(imageId, 'warm', count, hookNames),
      fork: warmVersion(imageId, 'fork', count, hookNames),
    };
    const sandboxes = stack.use(
      createSandboxes({
        ...{ ...shared, engine, usage: new CgroupUsageMeter(), facts, settings: owner },
        pipes: new FifoPipes(join(folder.path, 'runtime')),
        whyNoPipes: whyNoPipes(options.transport === 'attach' ? 'attach' : 'auto', facts, release()),
      }),
    );
    await sandboxes.start();
    const kept = createSqliteStore(join(folder.path, 'gantry.db'));
    const store = stack.use(options.storesNothing === true ? new NullStore() : writeBehind(kept, shared));
    await store.open(patient());
    const pipelines = new Map([
      [PIPELINE, makePipeline({ name: PIPELINE, hookNames })],
      [QUEUED_PIPELINE, makePipeline({ name: QUEUED_PIPELINE, hookNames, durability: 'queued' })],
    ]);
    const runs = stack.use(
      createRuns({
        ...{ ...shared, store, invoker: sandboxes.invoker },
        secrets: { read: () => Promise.resolve(new Map()) },
        expressions: { compile: (source) => ({ source, kind: 'unknown', evaluate: ({ data }) => data ?? null }) },
        encoding: { json: encodeJsonRequest, text: encodeTextRequest },
        pipelines: () => pipelines,
        settings: { ...SETTINGS, workerId: owner.workerId, maxRunning: 64, maxQueued: 10_000 },
        ...(options.catalog?.(versions.warm) ?? { catalog: catalogOf(versions.warm) }),
      }),
    );
    await runs.start();
    return new WarmWorld({ versions, imageId, sandboxes, runs }, stack.move());
  }

  /** From the door to the settled run, everything stored on the way, or a moment later when queued. In milliseconds. */
  async run(data: JsonValue, durability: Durability = 'stored'): Promise<number> {
    const pipeline = durability === 'stored' ? PIPELINE : QUEUED_PIPELINE;
    const startedMs = performance.now();
    const { run } = await this.#runs.startRun({ pipeline, trigger: 'api', params: {}, data, isAwaited: true });
    const ended = await this.#runs.waitSettled(run.id, { signal: this.#patience });
    const durationMs = performance.now() - startedMs;
    if (ended.state !== 'succeeded') throw new Error(`the run ended as ${ended.state}`);
    return durationMs;
  }

  /** The invocation alone. In milliseconds. */
  async invoke(version: PluginVersion, data: JsonValue): Promise<number> {
    const startedMs = performance.now();
    const { outcome } = await this.invocationEnd(version, data);
    const durationMs = performance.now() - startedMs;
    if (outcome.code !== 'ok') throw new Error(`the invocation ended as ${outcome.code}: ${outcome.message}`);
    return durationMs;
  }

  /** How the invocation ends, however it does. */
  async invocationEnd(version: PluginVersion, data: JsonValue): Promise<InvocationEnd> {
    const nonce = this.ids.randomHex(16);
    return await this.sandboxes.invoker.invoke({
      ...{ runId: this.ids.newId('run'), invocationId: this.ids.newId('inv'), epoch: 1, attempt: 1 },
      ...{ pipeline: PIPELINE, version, nonce, timeoutMs: 30_000, waitMs: 30_000 },
      input: this.requestOf(nonce, data),
      redactor: NO_SECRETS,
      onStarted: () => Promise.resolve(),
      onLog: () => undefined,
      stop: new AbortController().signal,
    });
  }

  /** Settles when `count` sandboxes of the version stand idle. */
  async ready(version: PluginVersion, count = version.plugin.pool.min): Promise<void> {
    this.sandboxes.warm(version);
    await this.#until(() => this.#statesOf(version).filter((state) => state === 'idle').length >= count);
  }

  /** Settles when nothing is left of the version. */
  async forget(version: PluginVersion): Promise<void> {
    this.sandboxes.retire(version);
    await this.#until(() => this.#statesOf(version).length === 0);
  }

  requestOf(nonce: string, data: JsonValue): Uint8Array {
    return encodeJsonRequest({
      ...{ invocationId: this.ids.newId('inv'), nonce, attempt: 1, idempotencyKey: 'bench', timeoutMs: 30_000 },
      ...{ deadlineAtMs: this.clock.nowMs() + 30_000, traceparent: null, hook: 'fetch', params: {}, data, results: {} },
      run: { id: this.ids.newId('run'), pipeline: 'bench', trigger: 'api' },
      ...{ config: {}, secrets: new Map() },
    });
  }

  /** A request document of this length: the data in it, the line, and the line as a value. */
  requestOfLength(bytes: number): { readonly data: JsonValue; readonly line: Uint8Array; readonly value: unknown } {
    const nonce = this.ids.randomHex(16);
    const data = { text: 'x'.repeat(Math.max(0, bytes - this.requestOf(nonce, { text: '' }).length)) };
    const line = this.requestOf(nonce, data);
    return { data, line, value: JSON.parse(Buffer.from(line).toString('utf8')) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }

  #statesOf({ id }: PluginVersion): readonly string[] {
    return this.sandboxes
      .states()
      .filter(({ pluginVersion }) => pluginVersion === id)
      .map(({ state }) => state);
  }

  async #until(condition: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(FOREVER_MS);
    while (!condition()) await this.clock.sleep(LOOK_MS, signal);
  }
}

/** A version of the image's plugin that serves again. @param id different ones have different pools */
export function warmVersion(
  imageId: string,
  reuse: Kept,
  sandboxes: number,
  hooks: readonly string[],
  { id = reuse, concurrency = 1 }: { readonly id?: string; readonly concurrency?: number } = {},
): PluginVersion {
  const pool = { min: sandboxes, max: sandboxes, idleMs: FOREVER_MS, maxInvocations: 10_000_000, maxAgeMs: 36_000_000 };
  const plugin: Partial<Plugin> = {
    name: id,
    hooks,
    pipelines: [PIPELINE],
    protocol: 'stream',
    reuse,
    concurrency,
    pool,
  };
  const env = ['PATH=/usr/local/bin:/usr/bin:/bin', 'PYTHONUNBUFFERED=1', 'PYTHONDONTWRITEBYTECODE=1'];
  return { ...makeVersion(plugin), imageId, command: ['/usr/bin/python3', '/plugin/main.py'], env };
}

function catalogOf(version: PluginVersion): PluginCatalog {
  const snapshot = { pluginsFor: () => [version] };
  return {
    snapshot: () => snapshot,
    statuses: () => [],
    settled: () => Promise.resolve(),
  };
}
