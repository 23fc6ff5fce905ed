// All pools of a worker, what they share (memory, CPU, the start gate, user slots), and the clockwork that keeps them in trim.
import type { SandboxRecord } from '../../core/sandbox.ts';
import type { PluginVersion } from '../../core/plugin.ts';
import type { EngineFacts } from '../../core/ports/container-engine.ts';
import type { HostPressure } from '../../core/ports/host-pressure.ts';
import { Gate } from './gate.ts';
import { makeRoom, relieve } from './make-room.ts';
import type { PoolParts } from './pool-parts.ts';
import { Pool } from './pool.ts';
import { PressureBrake } from './pressure-brake.ts';
import type { SandboxContext } from '../sandbox-context.ts';
import type { Sandbox } from '../container/sandbox.ts';
import { Slots } from '../container/slots.ts';
import { Tokens } from './tokens.ts';
import { watchPressure } from './watch-pressure.ts';

const SWEEP_MS = 1_000;

export class Pools {
  /** CPU that running invocations may be promised together */
  readonly cpu: Tokens;
  readonly #context: SandboxContext;
  readonly #memory: Tokens;
  readonly #brake: PressureBrake;
  readonly #cores: number;
  readonly #parts: PoolParts;
  readonly #all = new Set<Sandbox>();
  readonly #pools = new Map<string, Pool>();
  /** the same, by the object that was asked with: a key that is put together for each invocation has to be hashed anew */
  #known = new WeakMap<PluginVersion, Pool>();
  /** pools of replaced versions, until their last sandbox is gone */
  readonly #leaving = new Set<Pool>();
  readonly #stopped = new AbortController();
  #sweeping: Promise<void> | null = null;

  constructor(context: SandboxContext, facts: Pick<EngineFacts, 'cpus' | 'memoryBytes'>) {
    const { settings, events } = context;
    this.#context = context;
    this.#cores = Math.max(1, Math.ceil(facts.cpus));
    this.#brake = new PressureBrake(settings.brake);
    this.cpu = new Tokens(facts.cpus * settings.cpuOvercommit, (usedRatio) => {
      events.emit({ kind: 'capacityChanged', resource: 'cpu', usedRatio });
    });
    this.#memory = new Tokens(facts.memoryBytes * settings.memoryShare, (usedRatio) => {
      events.emit({ kind: 'capacityChanged', resource: 'memory', usedRatio });
    });
    this.#parts = {
      context,
      gate: new Gate(() => this.#gateWidth),
      brake: this.#brake,
      memory: this.#memory,
      slots: new Slots(),
      all: this.#all,
      makeRoom: () => {
        makeRoom([...this.#pools.values()], () => this.#memory.shortBy > this.#comingBytes, 'room for another plugin');
      },
    };
  }

  get records(): readonly SandboxRecord[] {
    return [...this.#all].map((sandbox) => sandbox.record);
  }

  start(): void {
    this.#sweeping ??= this.#sweepOn();
  }

  /** Lets the host's pressure slow and stop starts, until the pools close. */
  async watch(pressure: HostPressure): Promise<void> {
    await watchPressure(this.#context, pressure, this.#brake, this.#stopped.signal, (wasStopped) => {
      if (this.#brake.state === 'stopped')
        relieve([...this.#pools.values()], wasStopped, 'the host is short of memory');
      this.#parts.gate.admit();
    });
  }

  of(version: PluginVersion): Pool {
    const known = this.#known.get(version);
    if (known !== undefined) return known;
    const key = keyOf(version);
    const pool = this.#pools.get(key) ?? new Pool(version, this.#parts);
    this.#pools.set(key, pool);
    this.#known.set(version, pool);
    return pool;
  }

  /** The kernel killed for memory inside a container, as an engine event said. */
  noteOutOfMemory(containerId: string): void {
    for (const sandbox of this.#all) if (sandbox.containerId === containerId) sandbox.isOomReported = true;
  }

  isKnown(containerId: string): boolean {
    for (const sandbox of this.#all) if (sandbox.containerId === containerId) return true;
    return false;
  }

  /** Ends the idle sandboxes of a version that is no longer wanted; runs that still use it are served without a reserve. */
  retire(version: Pick<PluginVersion, 'id' | 'imageId'>): void {
    const key = keyOf(version);
    const pool = this.#pools.get(key);
    if (pool === undefined) return;
    this.#pools.delete(key);
    this.#known = new WeakMap();
    pool.retire('the version was replaced');
    this.#leaving.add(pool);
  }

  /** Ends everything that is not busy. Settles when it is gone. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#sweeping;
    const pools = [...this.#pools.values(), ...this.#leaving];
    for (const pool of pools) pool.retire('the worker stops');
    this.#parts.gate.admit();
    await Promise.all(pools.map((pool) => pool.settled()));
  }

  async #sweepOn(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      for (const pool of this.#pools.values()) pool.sweep();
      for (const pool of this.#leaving) if (pool.isEmpty) this.#leaving.delete(pool);
      this.#parts.makeRoom();
      this.#parts.gate.admit();
      await this.#context.clock.sleep(SWEEP_MS, signal).catch(() => undefined);
    }
  }

  /** Starts at once: they do not parallelise beyond the cores. One is let through however hard the host is pressed, if nothing runs. */
  get #gateWidth(): number {
    if (this.#stopped.signal.aborted || !this.#brake.isNarrow) return this.#cores;
    if (this.#brake.state !== 'stopped') return 1;
    for (const { state } of this.#all) if (state === 'starting' || state === 'busy') return 0;
    return 1;
  }

  /** Memory of sandboxes that are on their way out. */
  get #comingBytes(): number {
    let bytes = 0;
    for (const { state, holding } of this.#all) if (state === 'stopping') bytes += holding?.amount ?? 0;
    return bytes;
  }
}

/** The same version can be built again, to another image: the sandboxes of the old one must not serve it. */
function keyOf({ id, imageId }: Pick<PluginVersion, 'id' | 'imageId'>): string {
  return `${id} ${imageId}`;
}
