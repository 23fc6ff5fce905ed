// One worker with everything a run passes on its way: embedded store in a temporary folder, runs, pools and a real engine.
import { join } from 'node:path';
import { DockerEngine } from '../../src/adapters/docker/docker-engine.ts';
import { CgroupUsageMeter } from '../../src/adapters/system/cgroup-usage-meter.ts';
import { SystemClock } from '../../src/adapters/system/system-clock.ts';
import { SystemIds } from '../../src/adapters/system/system-ids.ts';
import { NO_SECRETS } from '../../src/core/redact.ts';
import type { WorkerId } from '../../src/core/ids.ts';
import type { JsonValue } from '../../src/core/json.ts';
import type { Plugin, PluginVersion, Reuse } from '../../src/core/plugin.ts';
import { encodeJsonRequest } from '../../src/protocol/json-request.ts';
import { encodeTextRequest } from '../../src/protocol/text-request.ts';
import { createSandboxes, type Sandboxes } from '../../src/sandbox/create-sandboxes.ts';
import { createRuns, type Runs } from '../../src/triggers/create-runs.ts';
import { makePipeline, SETTINGS } from '../support/pipeline/run-world.ts';
import { makeVersion } from '../support/plugins/make-version.ts';
import { streamImage } from '../support/sandbox/stream-image.ts';
import { patient } from '../support/store/build-records.ts';
import { createSqliteStore, createTestFolder } from '../support/store/open-sqlite.ts';

const NOT_LOGGED = { log: () => undefined };
const NOT_HEARD = { emit: () => undefined };

export class WarmWorld implements AsyncDisposable {
  readonly owner: { readonly instanceId: string; readonly workerId: WorkerId };
  readonly clock = new SystemClock();
  readonly ids = new SystemIds();
  readonly #stack = new AsyncDisposableStack();
  readonly #sandboxes: Sandboxes;
  readonly #runs: Runs;
  readonly versions: Readonly<Record<Exclude<Reuse, 'never'>, PluginVersion>>;

  private constructor(
    owner: WarmWorld['owner'],
    versions: WarmWorld['versions'],
    sandboxes: Sandboxes,
    runs: Runs,
    stack: AsyncDisposableStack,
  ) {
    this.owner = owner;
    this.versions = versions;
    this.#sandboxes = sandboxes;
    this.#runs = runs;
    this.#stack.use(stack);
  }

  static async open(dockerHost: string): Promise<WarmWorld> {
    const stack = new AsyncDisposableStack();
    const [clock, ids] = [new SystemClock(), new SystemIds()];
    const instanceId = ids.randomHex(16);
    const folder = stack.use(createTestFolder());
    const engine = stack.use(
      new DockerEngine({ dockerHost, instanceId, clock, events: NOT_HEARD, logger: NOT_LOGGED }),
    );
    const signal = AbortSignal.timeout(600_000);
    const facts = await engine.facts({ signal });
    const imageId = await streamImage(engine, signal, join(import.meta.dirname, 'warm-plugin.py'));
    const versions = { warm: versionOf('warm', imageId), fork: versionOf('fork', imageId) };
    const workerId = ids.newId('wrk');
    const usage = new CgroupUsageMeter();
    const settings = { instanceId, workerId };
    const shared = { clock, ids, events: NOT_HEARD, logger: NOT_LOGGED };
    const sandboxes = stack.use(createSandboxes({ ...shared, engine, usage, facts, settings }));
    await sandboxes.start();
    const store = stack.use(createSqliteStore(join(folder.path, 'gantry.db')));
    await store.open(patient());
    const pipeline = makePipeline({ name: 'warm', hookNames: ['fetch'] });
    const runs = stack.use(
      createRuns({
        ...{ ...shared, store, invoker: sandboxes.invoker },
        catalog: {
          snapshot: () => ({ pluginsFor: () => [versions.warm] }),
          statuses: () => [],
          settled: () => Promise.resolve(),
        },
        secrets: { read: () => Promise.resolve(new Map()) },
        expressions: { compile: (source) => ({ source, evaluate: ({ data }) => data ?? null }) },
        encoding: { json: encodeJsonRequest, text: encodeTextRequest },
        pipelines: () => new Map([[pipeline.name, pipeline]]),
        settings: { ...SETTINGS, workerId },
      }),
    );
    await runs.start();
    return new WarmWorld(settings, versions, sandboxes, runs, stack);
  }

  /** From the door to the settled run, everything stored on the way. In milliseconds. */
  async run(data: JsonValue): Promise<number> {
    const startedMs = performance.now();
    const { run } = await this.#runs.startRun({ pipeline: 'warm', trigger: 'api', params: {}, data });
    const ended = await this.#runs.waitSettled(run.id, { signal: AbortSignal.timeout(60_000) });
    const durationMs = performance.now() - startedMs;
    if (ended.state !== 'succeeded') throw new Error(`the run ended as ${ended.state}`);
    return durationMs;
  }

  /** The invocation alone. In milliseconds. */
  async invoke(reuse: 'warm' | 'fork', data: JsonValue): Promise<number> {
    const startedMs = performance.now();
    const version = this.versions[reuse];
    const nonce = this.ids.randomHex(16);
    const end = await this.#sandboxes.invoker.invoke({
      ...{ runId: this.ids.newId('run'), invocationId: this.ids.newId('inv'), epoch: 1, attempt: 1 },
      ...{ pipeline: 'bench', version, nonce, timeoutMs: 30_000, waitMs: 30_000 },
      input: this.requestOf(nonce, data),
      redactor: NO_SECRETS,
      onStarted: () => Promise.resolve(),
      onLog: () => undefined,
      stop: new AbortController().signal,
    });
    const durationMs = performance.now() - startedMs;
    if (end.outcome.code !== 'ok')
      throw new Error(`the invocation ended as ${end.outcome.code}: ${end.outcome.message}`);
    return durationMs;
  }

  requestOf(nonce: string, data: JsonValue): Uint8Array {
    return encodeJsonRequest({
      ...{ invocationId: this.ids.newId('inv'), nonce, attempt: 1, idempotencyKey: 'bench', timeoutMs: 30_000 },
      ...{ deadlineAtMs: this.clock.nowMs() + 30_000, traceparent: null, hook: 'fetch', params: {}, data, results: {} },
      run: { id: this.ids.newId('run'), pipeline: 'bench', trigger: 'api' },
      ...{ config: {}, secrets: new Map() },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

function versionOf(reuse: Exclude<Reuse, 'never'>, imageId: string): PluginVersion {
  const pool = { min: 1, max: 1, idleMs: 600_000, maxInvocations: 10_000_000, maxAgeMs: 36_000_000 };
  const plugin: Partial<Plugin> = { name: reuse, hooks: ['fetch'], pipelines: ['*'], protocol: 'stream', reuse, pool };
  const env = ['PATH=/usr/local/bin:/usr/bin:/bin', 'PYTHONUNBUFFERED=1', 'PYTHONDONTWRITEBYTECODE=1'];
  return { ...makeVersion(plugin), imageId, command: ['/usr/bin/python3', '/plugin/main.py'], env };
}
