// What our own process costs: CPU time per call beside that of the bare loop, and memory per registered plugin and per sandbox that stands.
// The CPU time is the whole process's (every thread of it), read around a round's calls.
import { Registry } from '../../src/plugins/registry.ts';
import { BareAttach } from './bare-attach.ts';
import { manySandboxes, type Benchmark, type BenchRequest, type BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { collectedMemory } from './collected-memory.ts';
import { interleave, type Contender } from './interleave.ts';
import { median, quotient } from './measure.ts';
import { otherVersions } from './other-versions.ts';
import { warmVersion, WarmWorld } from './warm-world.ts';

const REGISTERED = 1_000;
const CALLS = 300;
const KIB = 1024;

export const selfBenchmark: Benchmark = {
  name: 'self',
  title: 'CPU time of our own process per call, and its memory per registered plugin and per warm sandbox',
  goals: [
    {
      ratio: 'invocation_cpu_over_bare_8x8',
      sense: 'at most',
      bound: 4,
      says: 'an invocation needs little more of our CPU than a bare call',
      obstacle: 'it is spread over abort signals, usage readings, strict JSON, metrics and garbage',
    },
    {
      ratio: 'run_cpu_over_bare_8x8',
      sense: 'at most',
      bound: 10,
      says: 'so does a run with metrics, log and every state stored',
      obstacle:
        'around its invocation a run takes 30 µs of CPU in our process while one follows on the other, and three to four times as much where the process waits in between and finds the caches full of others’ work; its records take 50 µs there and 0.13 ms in the thread of the database, which shares the two cores with the plugins (on a busy machine)',
    },
    {
      ratio: 'kib_per_registered_plugin',
      sense: 'at most',
      bound: 20,
      says: 'a plugin that is registered costs little memory',
    },
    { ratio: 'kib_per_warm_sandbox', sense: 'at most', bound: 250, says: 'so does a sandbox that stands' },
  ],
  run: benchSelf,
};

async function benchSelf(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using stack = new AsyncDisposableStack();
  const hot = manySandboxes(request);
  const world = stack.use(await WarmWorld.open({ dockerHost, sandboxes: hot }));
  const { warm } = world.versions;
  const { value, data } = world.requestOfLength(REQUEST_BYTES);
  const memory = await memoryOf(world, hot);
  const bare: BareAttach[] = [];
  for (let count = 0; count < hot; count += 1)
    bare.push(stack.use(await BareAttach.start({ dockerHost, version: warm })));
  const callBare = async (caller: number): Promise<number> => (await bare[caller]?.call(value)) ?? 0;
  const meter = new CpuMeter();
  const sized = (size: '1x1' | '8x8', inFlight: number, calls: number): Contender<CpuCase>[] => [
    meter.on({ name: `bare_attach_${size}`, calls, inFlight, call: callBare }),
    meter.on({ name: `invocation_${size}`, calls, inFlight, call: () => world.invoke(warm, data) }),
    meter.on({ name: `run_${size}`, calls: calls / 3, inFlight, call: () => world.run(data) }),
  ];
  await world.ready(warm);
  const found = await interleave([...sized('1x1', 1, CALLS), ...sized('8x8', hot, CALLS * 2)], request);
  const cpu = (name: CpuCase): number => Number(meter.msPerCall(name).toPrecision(4));
  return {
    cases: found.cases,
    ratios: {
      cpu_ms_per_bare_call_1x1: cpu('bare_attach_1x1'),
      cpu_ms_per_invocation_1x1: cpu('invocation_1x1'),
      cpu_ms_per_run_1x1: cpu('run_1x1'),
      cpu_ms_per_bare_call_8x8: cpu('bare_attach_8x8'),
      cpu_ms_per_invocation_8x8: cpu('invocation_8x8'),
      cpu_ms_per_run_8x8: cpu('run_8x8'),
      invocation_cpu_over_bare_8x8: quotient(cpu('invocation_8x8'), cpu('bare_attach_8x8')),
      run_cpu_over_bare_8x8: quotient(cpu('run_8x8'), cpu('bare_attach_8x8')),
      ...memory,
    },
  };
}

type CpuCase = `${'bare_attach' | 'invocation' | 'run'}_${'1x1' | '8x8'}`;

/** Reads the CPU time of the process around the calls of a contender; of each round, the first one apart, there is one figure. */
class CpuMeter {
  readonly #found = new Map<CpuCase, number[]>();

  on(contender: Extract<Contender<CpuCase>, { call: unknown }>): Contender<CpuCase> {
    let calls = 0;
    const call = async (caller: number): Promise<number> => {
      calls += 1;
      return await contender.call(caller);
    };
    const during = (): AsyncDisposable => {
      const before = process.cpuUsage();
      calls = 0;
      return {
        [Symbol.asyncDispose]: () => {
          const { user, system } = process.cpuUsage(before);
          this.#of(contender.name).push((user + system) / 1_000 / calls);
          return Promise.resolve();
        },
      };
    };
    return { ...contender, call, during };
  }

  /** A microsecond at least: what the system counts is no finer, and ratios are made of it. */
  msPerCall(name: CpuCase): number {
    return Math.max(0.001, median(this.#of(name).slice(1)));
  }

  #of(name: CpuCase): number[] {
    const found = this.#found.get(name) ?? [];
    this.#found.set(name, found);
    return found;
  }
}

/** Memory held after a collection, in KiB: heap and what it keeps outside. */
async function memoryOf(world: WarmWorld, sandboxes: number): Promise<Record<string, number>> {
  const start = await collectedMemory();
  const registry = new Registry([{ name: 'other', hooks: [{ name: 'other' }] }]);
  for (const version of otherVersions(world.versions.warm, REGISTERED))
    registry.putVersion(`plugins/${version.plugin.name}`, structuredClone(version), []);
  registry.snapshot();
  const registered = await collectedMemory();
  const hot = warmVersion(world.imageId, 'warm', sandboxes, ['fetch'], { id: 'hot' });
  await world.ready(hot);
  const standing = await collectedMemory();
  await world.forget(hot);
  const perPlugin = (registered.heldBytes - start.heldBytes) / REGISTERED;
  const perSandbox = (standing.heldBytes - registered.heldBytes) / sandboxes;
  return {
    kib_per_registered_plugin: quotient(registry.statuses().length === REGISTERED ? perPlugin : Number.NaN, KIB),
    kib_per_warm_sandbox: quotient(perSandbox, KIB),
  };
}
