// Runs from the door to the end over the memory store, a clock that the test moves, and scripted plugins.
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { raced } from '../../../src/core/deadline.ts';
import type { DomainEvent } from '../../../src/core/events.ts';
import type { RunId } from '../../../src/core/ids.ts';
import {
  hooksInOrder,
  PIPELINE_DEFAULTS,
  plainHook,
  type HookSpec,
  type Pipeline,
} from '../../../src/core/pipeline.ts';
import type { Plugin, PluginVersion } from '../../../src/core/plugin.ts';
import type { Expressions } from '../../../src/core/ports/expression.ts';
import type { HostServices } from '../../../src/core/ports/host-services.ts';
import type { PluginVersions } from '../../../src/core/ports/plugin-versions.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import type { Run } from '../../../src/core/run.ts';
import { isTerminal } from '../../../src/core/run.ts';
import type { RunPorts, RunSettings } from '../../../src/pipeline/run-ports.ts';
import { encodeJsonRequest } from '../../../src/protocol/json-request.ts';
import { encodeTextRequest } from '../../../src/protocol/text-request.ts';
import { createRuns, type Runs } from '../../../src/triggers/create-runs.ts';
import { FakeClock } from '../clock/fake-clock.ts';
import { makeVersion } from '../plugins/make-version.ts';
import { newWorkerId, patient } from '../store/build-records.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { FakeInvoker } from './fake-invoker.ts';

export interface WorldOptions {
  readonly pipelines?: readonly Pipeline[];
  readonly versions?: readonly PluginVersion[];
  readonly settings?: Partial<RunSettings>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly expressions?: Expressions;
  /** what plugins may ask of the host; nothing unless given */
  readonly services?: HostServices;
  /** versions that runs may be asked to use; none unless given */
  readonly keptVersions?: PluginVersions;
  /** how long the plugins are still being built; not at all unless given */
  readonly built?: Promise<void>;
  /** to share a store, a clock and an invoker between two workers */
  readonly store?: Store;
  readonly clock?: FakeClock;
  readonly invoker?: FakeInvoker;
}

export const SETTINGS: Omit<RunSettings, 'workerId'> = {
  isOnlyWorker: true,
  maxRunning: 8,
  maxQueued: 100,
  heartbeatMs: 3_000,
  deadAfterMs: 15_000,
  graceMs: 5_000,
  storeTimeoutMs: 2_000,
  invocationWaitMs: 30_000,
};

/** Every expression gives the data. */
const DATA_ONLY: Expressions = {
  compile: (source) => ({ source, kind: 'unknown', evaluate: ({ data }) => data ?? null }),
};

export class RunWorld {
  readonly ids = new SystemIds();
  readonly clock: FakeClock;
  readonly store: Store;
  readonly invoker: FakeInvoker;
  /** as the run loop hears it; the fake invoker goes on */
  isEngineAway = false;
  readonly events: DomainEvent[] = [];
  readonly pipelines = new Map<string, Pipeline>();
  /** declared meanwhile, and in force once they are read anew */
  readonly declared: Pipeline[] = [];
  readonly ports: RunPorts;
  readonly settings: RunSettings;
  readonly runs: Runs;
  /** settles when the plugins count as built */
  readonly built: Promise<void>;

  constructor(options: WorldOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    this.store = options.store ?? new MemoryStore();
    this.invoker = options.invoker ?? new FakeInvoker(this.ids);
    for (const pipeline of options.pipelines ?? [makePipeline()]) this.pipelines.set(pipeline.name, pipeline);
    this.built = options.built ?? Promise.resolve();
    this.settings = { ...SETTINGS, workerId: newWorkerId(), ...options.settings };
    this.ports = this.#makePorts(options);
    this.runs = createRuns({ ...this.ports, settings: this.settings });
  }

  async find(runId: RunId): Promise<Run> {
    const run = await this.store.findRun(runId, patient());
    if (run === null) throw new Error(`no run ${runId}`);
    return run;
  }

  async payload(runId: RunId, name: string): Promise<unknown> {
    const json = await this.store.findPayload(runId, name, patient());
    return json === null ? null : (JSON.parse(json) as unknown);
  }

  /** Lets time pass in small steps until the run has ended (or `forMs` is over). */
  async settle(runId: RunId, forMs = 10_000, stepMs = 25): Promise<Run> {
    for (let passedMs = 0; passedMs <= forMs; passedMs += stepMs) {
      const run = await this.find(runId);
      if (isTerminal(run.state)) return run;
      await this.clock.advance(stepMs);
    }
    return await this.find(runId);
  }

  /** Lets time pass in small steps until the condition holds. @throws Error when it never does */
  async until(condition: () => boolean | Promise<boolean>, forMs = 120_000, stepMs = 100): Promise<void> {
    for (let passedMs = 0; passedMs <= forMs; passedMs += stepMs) {
      if (await condition()) return;
      await this.clock.advance(stepMs);
    }
    throw new Error('the condition never held');
  }

  #makePorts(options: WorldOptions): RunPorts {
    const versions = options.versions ?? [];
    const secrets = new Map(Object.entries(options.secrets ?? {}));
    return {
      store: this.store,
      clock: this.clock,
      ids: this.ids,
      events: { emit: (event) => this.events.push(event) },
      logger: { log: () => undefined },
      catalog: {
        snapshot: () => ({
          pluginsFor: (pipeline, hook) => versions.filter((one) => serves(one.plugin, pipeline, hook)),
        }),
        statuses: () => [],
        settled: (signal) => raced(this.built, signal),
      },
      ...(options.keptVersions === undefined ? {} : { versions: options.keptVersions }),
      ...(options.services === undefined ? {} : { services: options.services }),
      invoker: this.invoker,
      // Runs are started by what createRuns puts in its place.
      startChild: () => Promise.reject(new Error('no door')),
      secrets: {
        read: (names) => Promise.resolve(new Map(names.map((name) => [name, secrets.get(name) ?? 'not-a-secret']))),
      },
      expressions: options.expressions ?? DATA_ONLY,
      encoding: { json: encodeJsonRequest, text: encodeTextRequest },
      isEngineAway: () => this.isEngineAway,
      pipelines: () => this.pipelines,
      rereadPipelines: () => {
        for (const pipeline of this.declared) this.pipelines.set(pipeline.name, pipeline);
        return Promise.resolve();
      },
    };
  }

  /** Ends the loop; time passes while it drains. */
  async close(): Promise<void> {
    let isClosed = false;
    const closing = Promise.resolve(this.runs[Symbol.asyncDispose]()).finally(() => {
      isClosed = true;
    });
    await this.until(() => isClosed);
    await closing;
  }
}

interface PipelineChanges extends Partial<Omit<Pipeline, 'hooks'>> {
  /** hooks by name, one after the other */
  readonly hookNames?: readonly string[];
  /** in place of the names: hooks, each after the one before it where it does not say */
  readonly hooks?: readonly (Partial<HookSpec> & { readonly name: string })[];
}

export function makePipeline(changes: PipelineChanges = {}): Pipeline {
  const { hookNames = ['fetch'], hooks: given, ...rest } = changes;
  const hooks: NonNullable<PipelineChanges['hooks']> = given ?? hookNames.map((name) => ({ name }));
  const inOrder = hooksInOrder(hooks.map(({ name }) => name));
  return {
    ...PIPELINE_DEFAULTS,
    name: 'default',
    timeoutMs: 60_000,
    version: 'a1b2c3',
    ...rest,
    hooks: hooks.map((hook, index) => ({ ...plainHook(hook.name, inOrder[index]?.after), ...hook })),
  };
}

// Made through the manifest reader once; reading YAML for each of ten thousand plans would take most of their time.
const BASE = makeVersion({ hooks: ['fetch'], protocol: 'json', text: null });

/** A plugin version by name; the hooks default to `fetch`. */
export function makePlugin(name: string, changes: Partial<Plugin> = {}): PluginVersion {
  return { ...BASE, id: `${name}@1.0.0+0123456789ab`, plugin: { ...BASE.plugin, name, ...changes } };
}

function serves(plugin: Plugin, pipeline: string, hook: string): boolean {
  return plugin.hooks.includes(hook) && (plugin.pipelines.includes('*') || plugin.pipelines.includes(pipeline));
}
