// Puts the sandboxes of a worker together: pools, invoker, engine events, reaper. The one door into this folder for compose.ts.
import { raced, within } from '../core/deadline.ts';
import { messageOf } from '../core/errors/gantry-error.ts';
import type { PluginVersion } from '../core/plugin.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { ContainerEngine, EngineFacts } from '../core/ports/container-engine.ts';
import type { HostPressure } from '../core/ports/host-pressure.ts';
import type { EventSink } from '../core/ports/event-sink.ts';
import type { IdSource } from '../core/ports/id-source.ts';
import type { Invoker } from '../core/ports/invoker.ts';
import type { Logger } from '../core/ports/logger.ts';
import type { NamedPipes } from '../core/ports/named-pipes.ts';
import type { UsageMeter } from '../core/ports/usage-meter.ts';
import type { SandboxRecord } from '../core/sandbox.ts';
import { Pools } from './pool/pools.ts';
import { reapOrphans, type Owners } from './container/reap-orphans.ts';
import { DEFAULT_SANDBOX_SETTINGS, type OnSaid, type SandboxContext, type SandboxSettings } from './sandbox-context.ts';
import { SandboxInvoker } from './sandbox-invoker.ts';
import { Transports, type TransportState } from './container/transports.ts';

type Defaulted = keyof typeof DEFAULT_SANDBOX_SETTINGS;

export interface SandboxesOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly usage: UsageMeter;
  /** what is left out takes DEFAULT_SANDBOX_SETTINGS */
  readonly settings: Omit<SandboxSettings, Defaulted> & Partial<Pick<SandboxSettings, Defaulted>>;
  /** of the engine, asked before */
  readonly facts: Pick<EngineFacts, 'cpus' | 'memoryBytes' | 'hasAppArmor'>;
  /** named pipes as a transport; without them every sandbox gets the engine's stream */
  readonly pipes?: NamedPipes;
  /** of `whyNoPipes`; null: they are tried */
  readonly whyNoPipes?: string | null;
  /** of the machine that the engine runs on; without it starts are never slowed */
  readonly pressure?: HostPressure | null;
  /** what a plugin version says of itself, once; without it, nobody is asked */
  readonly onSaid?: OnSaid;
  /** for the reaper; without it every other worker of the instance counts as dead */
  readonly isWorkerAlive?: (workerId: string) => Promise<boolean>;
}

export class Sandboxes implements AsyncDisposable {
  readonly invoker: Invoker;
  readonly #context: SandboxContext;
  readonly #pools: Pools;
  readonly #invoker: SandboxInvoker;
  readonly #owners: Owners;
  readonly #stopped = new AbortController();
  readonly #listening: Disposable;
  readonly #pressure: HostPressure | null;
  #reaping: Promise<void> | null = null;
  #watching: Promise<void> | null = null;

  constructor(options: SandboxesOptions) {
    const { engine, clock, ids, events, logger, usage, facts } = options;
    const settings = { ...DEFAULT_SANDBOX_SETTINGS, ...options.settings };
    const { hasAppArmor } = facts;
    const transports = new Transports(options.pipes ?? null, options.whyNoPipes ?? null, logger);
    const onSaid = options.onSaid ?? null;
    this.#context = { engine, clock, ids, events, logger, usage, settings, hasAppArmor, transports, onSaid };
    this.#pools = new Pools(this.#context, facts);
    this.#pressure = options.pressure ?? null;
    this.#invoker = new SandboxInvoker(this.#context, this.#pools);
    this.invoker = this.#invoker;
    this.#owners = {
      isKnown: (containerId) => this.#pools.isKnown(containerId),
      isWorkerAlive: options.isWorkerAlive ?? (() => Promise.resolve(false)),
    };
    this.#listening = engine.onEvent((event) => {
      if (event.type === 'container' && event.action === 'oom') this.#pools.noteOutOfMemory(event.id);
    });
  }

  /** Removes what dead workers left, then keeps doing so. An engine that does not answer is tried again, never an error here. */
  async start(): Promise<void> {
    await this.#context.transports.sweep();
    this.#pools.start();
    if (this.#pressure !== null) this.#watching ??= this.#pools.watch(this.#pressure);
    await untilAnswered(this.#context);
    await this.#reap();
    this.#reaping ??= this.#reapOn();
  }

  /** Prepares one sandbox of the version, and `pool.min` of them for as long as it is wanted. */
  warm(version: PluginVersion): void {
    this.#pools.of(version).warm();
  }

  /** The version, or this image of it, is no longer in the catalog: its idle sandboxes end, busy ones finish. */
  retire(version: Pick<PluginVersion, 'id' | 'imageId'>): void {
    this.#pools.retire(version);
  }

  /** What sandboxes of protocol `stream` get, and why. */
  transport(): TransportState {
    return this.#context.transports.state;
  }

  /** Every sandbox that is not gone. */
  states(): readonly SandboxRecord[] {
    return this.#pools.records;
  }

  /** Refuses new invocations and waits for the running ones. Rejects with the signal's reason when it aborts first. */
  async drain(signal: AbortSignal): Promise<void> {
    await this.#invoker.drain(signal);
  }

  /** Ends every sandbox and settles when they are gone. An invocation that still runs ends as `lost`: drain first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#reaping;
    await this.#invoker.halt();
    await this.#pools.close();
    await this.#watching;
    this.#listening[Symbol.dispose]();
  }

  async #reapOn(): Promise<void> {
    const { clock, settings } = this.#context;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await clock.sleep(settings.reapIntervalMs, signal).then(
        () => this.#reap(),
        () => undefined,
      );
    }
  }

  async #reap(): Promise<void> {
    try {
      await reapOrphans(this.#context, this.#owners, this.#stopped.signal);
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      // An engine that is known to be gone was told of already.
      const level = this.#context.engine.isConnected() ? 'warn' : 'debug';
      this.#context.logger.log(level, 'looking for orphaned sandboxes failed', { error: messageOf(error) });
    }
  }
}

/** Until the engine was found or found missing; invocations before that would be refused for nothing. */
async function untilAnswered({ engine, clock, settings }: SandboxContext): Promise<void> {
  const answered = Promise.withResolvers<undefined>();
  using _listening = engine.onConnection(() => {
    answered.resolve(undefined);
  });
  if (engine.isConnected()) return;
  await within(clock, settings.engineTimeoutMs, null, (signal) => raced(answered.promise, signal)).catch(
    () => undefined,
  );
}

export function createSandboxes(options: SandboxesOptions): Sandboxes {
  return new Sandboxes(options);
}
