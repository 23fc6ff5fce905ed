// A worker's sandboxes over the fake engine and the fake clock: for everything that is about order and time, not about containers.
import type { JsonObject } from '../../../src/core/json.ts';
import { isJsonObject } from '../../../src/core/json.ts';
import type { PluginVersion } from '../../../src/core/plugin.ts';
import type { HostPressure } from '../../../src/core/ports/host-pressure.ts';
import type { PressureReading } from '../../../src/core/pressure.ts';
import type { InvocationEnd, InvocationRequest, PluginLogLine } from '../../../src/core/ports/invoker.ts';
import type { CgroupUsage, TmpUse, UsageGauge, UsageMeter } from '../../../src/core/ports/usage-meter.ts';
import { SystemIds } from '../../../src/adapters/system/system-ids.ts';
import { createSandboxes, type Sandboxes, type SandboxesOptions } from '../../../src/sandbox/create-sandboxes.ts';
import { FakeClock, settleChains } from '../clock/fake-clock.ts';
import type { FakeProgram } from '../engine/fake-container.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import { EventList } from './event-list.ts';
import { plainRequest } from './plain-request.ts';
import { SilentLogger } from './silent-logger.ts';
import { pluginVersion, type VersionChanges } from './versions.ts';

/** What a real engine adds to what it was asked. */
export function asEngineShows(body: JsonObject): JsonObject {
  const config = isJsonObject(body['Config']) ? body['Config'] : {};
  const host = isJsonObject(body['HostConfig']) ? body['HostConfig'] : {};
  const mounts = (Array.isArray(host['Mounts']) ? host['Mounts'] : []).filter(isJsonObject);
  return {
    ...body,
    Image: config['Image'] ?? null,
    Mounts: mounts.map(({ Source, Target, Type }) => ({
      ...{ Type: Type ?? '', Source: Source ?? '', Destination: Target ?? '' },
      ...{ Mode: '', RW: false, Propagation: 'private' },
    })),
    HostConfig: { ...host, MaskedPaths: ['/proc/kcore'], ReadonlyPaths: ['/proc/sys'] },
  };
}

/** A meter that says what the test sets. */
export class FakeMeter implements UsageMeter {
  usage: CgroupUsage | null = null;
  oomKills: number | null = null;
  tmp: TmpUse | null = null;

  read(): Promise<CgroupUsage | null> {
    return Promise.resolve(this.usage);
  }

  hostOomKills(): number | null {
    return this.oomKills;
  }

  open(): Promise<UsageGauge | null> {
    const gauge: UsageGauge = {
      read: () => this.usage,
      readBeside: (last) => this.usage && { ...this.usage, anonBytes: null, shmemBytes: null, ...rareOf(last) },
      countProcesses: () => this.usage?.pids ?? null,
      tmpUse: () => this.tmp,
      [Symbol.dispose]: () => undefined,
    };
    return Promise.resolve(this.usage === null ? null : gauge);
  }
}

/** A host that is pressed as the test says. */
class FakePressure implements HostPressure {
  reading: PressureReading = { cpu: 0, memory: 0, io: 0, memoryFree: 0.05 };

  read(): Promise<PressureReading> {
    return Promise.resolve(this.reading);
  }
}

function rareOf({ oomKills, throttledMs, pidsRefused }: CgroupUsage): Partial<CgroupUsage> {
  return { oomKills, throttledMs, pidsRefused };
}

async function allOf(input: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reads all input and answers with `{"ok":true}`. */
export const HONEST: FakeProgram = async (process) => {
  await allOf(process.input);
  await process.stdout('{"ok":true}');
  return 0;
};

/** Reads all input and then does nothing until it is killed. */
export const HANGING: FakeProgram = async (process) => {
  await allOf(process.input);
  return await new Promise<never>(() => undefined);
};

export class FakeWorker implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly events = new EventList();
  readonly logger = new SilentLogger();
  readonly meter = new FakeMeter();
  readonly pressure = new FakePressure();
  readonly ids = new SystemIds();
  readonly engine: FakeEngine;
  readonly sandboxes: Sandboxes;
  readonly instanceId = 'fake';
  /** the program by the first word of the command; HONEST for any other */
  readonly programs = new Map<string, FakeProgram | null>();
  #count = 0;

  constructor(
    settings: Partial<SandboxesOptions['settings']> = {},
    facts = { cpus: 2, memoryBytes: 4 * 1024 ** 3, hasAppArmor: false },
    alterInspect: (body: JsonObject) => JsonObject = asEngineShows,
    more: Pick<SandboxesOptions, 'pipes' | 'whyNoPipes' | 'onSaid'> = {},
  ) {
    this.engine = new FakeEngine({
      program: (command) => this.#programOf(command),
      instanceId: this.instanceId,
      images: ['puppet:1'],
      alterInspect,
    });
    this.sandboxes = createSandboxes({
      engine: this.engine,
      clock: this.clock,
      ids: this.ids,
      events: this.events,
      logger: this.logger,
      usage: this.meter,
      pressure: this.pressure,
      facts,
      ...more,
      settings: { instanceId: this.instanceId, workerId: this.ids.newId('wrk'), restMs: 0, ...settings },
    });
  }

  /** A version of its own; its command's first word picks the program. */
  version(program = 'honest', changes: VersionChanges = {}): PluginVersion {
    this.#count += 1;
    return pluginVersion({
      ...changes,
      version: { id: `v${this.#count}`, imageId: 'puppet:1', command: [program], ...changes.version },
    });
  }

  async invoke(
    version: PluginVersion,
    changes: Partial<InvocationRequest> = {},
  ): Promise<InvocationEnd & { readonly logs: readonly PluginLogLine[] }> {
    const logs: PluginLogLine[] = [];
    const own = { input: Buffer.from('{}'), waitMs: 60_000, onLog: (line: PluginLogLine) => logs.push(line) };
    const end = await this.sandboxes.invoker.invoke({ ...plainRequest(this.ids, version, own), ...changes });
    return { ...end, logs };
  }

  /** How many sandboxes are in the state. */
  count(state: string): number {
    return this.sandboxes.states().filter((record) => record.state === state).length;
  }

  /** A shell that puts a command on its pipes says so first; a test may set another one. */
  #programOf([word = '', ...rest]: readonly string[]): FakeProgram | null {
    const set = this.programs.get(word);
    if (set !== undefined) return set;
    if (word !== '/bin/sh') return HONEST;
    const program = this.#programOf(rest.slice(3));
    return async (process) => {
      await process.stdout('\n');
      return (await program?.(process)) ?? 127;
    };
  }

  /** Lets everything that can go on without time go on. */
  async settle(): Promise<void> {
    await settleChains();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandboxes[Symbol.asyncDispose]();
    await this.engine[Symbol.asyncDispose]();
  }
}
