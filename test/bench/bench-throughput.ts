// How many calls a second, at three sizes (sandboxes × callers): the bare transport, invocations alone, whole runs, and `docker run` with as
// many callers. Eight sandboxes and 32 callers mean four calls under way in each bare container, which a bare worker can take: like is compared
// with like where the plugin takes as many (`shared`), and that is what the goals are about.
import { BareAttach } from './bare-attach.ts';
import type { JsonValue } from '../../src/core/json.ts';
import type { PluginVersion } from '../../src/core/plugin.ts';
import type { Transport } from '../../src/core/sandbox.ts';
import { manySandboxes, type Benchmark, type BenchRequest, type BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { runClassic } from './contenders.ts';
import { interleave, type Contender, type Measurements } from './interleave.ts';
import { warmVersion, WarmWorld } from './warm-world.ts';

const SIZES = [
  { size: '1x1', isMany: false, inFlight: 1, calls: 200 },
  { size: '8x8', isMany: true, inFlight: 8, calls: 600 },
  { size: '8x32', isMany: true, inFlight: 32, calls: 800 },
] as const;
/** A stored run takes as long as many invocations. */
const RUN_PART = 0.25;
const CLASSIC_IN_FLIGHT = 8;
/** Places in one sandbox, for a plugin that takes several invocations at once. */
const PLACES = 4;

type Size = (typeof SIZES)[number]['size'];
type Ours = 'invocations' | 'runs_queued' | 'runs_stored';
type Name =
  | `bare_attach_${Size}`
  | `${Transport}_${Ours}_${Size}`
  | `${Transport}_shared_invocations_8x32`
  | `classic_${typeof CLASSIC_IN_FLIGHT}`;

export const throughputBenchmark: Benchmark = {
  name: 'throughput',
  title: 'calls per second at 1×1, 8×8 and 8×32 (sandboxes × callers), beside bare attach and docker run',
  goals: [
    {
      ratio: 'attach_shared_over_bare_attach_8x32',
      sense: 'at least',
      bound: 0.6,
      says: 'by attach, most of what the transport can do is left to a plugin that takes several at once, as a bare worker does',
      obstacle:
        'an invocation takes 0.05 to 0.07 ms of CPU in our one thread, 0.02 a bare call: a tenth of it are readings of usage and the look for leftovers, a tenth the reading and checking of answers, a twelfth the writes, the rest is spread over limits, records and events',
    },
    {
      ratio: 'fifo_shared_over_bare_attach_8x32',
      sense: 'at least',
      bound: 1.5,
      says: 'by named pipes, such a plugin is served faster than the bare attach stream can',
      obstacle:
        'our one thread is full at 0.05 to 0.07 ms of CPU for each: 15,000 to 20,000 a second, where the goal is 37,000. With one invocation at a time in each sandbox it is 0.08 to 0.1 ms, as each is a write, a wake-up and a look for leftovers of its own (`fifo_invocations_over_bare_attach_8x32`), while up to four requests lie ready for a bare worker',
    },
    {
      ratio: 'attach_invocations_over_classic_at_8',
      sense: 'at least',
      bound: 1_000,
      says: 'with as many callers, a thousand times the containers per second',
      obstacle:
        'by attach the engine’s daemon takes part in each call on the same two cores: over named pipes it is two and a half times as many',
    },
    {
      ratio: 'runs_stored_over_classic_at_8',
      sense: 'at least',
      bound: 300,
      says: 'hundreds of times, with every state of every run stored before it is told',
      obstacle:
        'a stored run waits for two synced transactions, one after another, each with what others write meanwhile',
    },
    {
      ratio: 'runs_queued_over_invocations_8x8',
      sense: 'at least',
      bound: 0.7,
      says: 'storing every run, a moment later, costs little beside storing none',
      obstacle:
        'around its invocation a run takes 30 µs of CPU in our process while one follows on the other, and three to four times as much where the process waits in between and finds the caches full of others’ work; its records take 50 µs there and 0.13 ms in the thread of the database, which shares the two cores with the plugins (on a busy machine)',
    },
  ],
  run: benchThroughput,
};

async function benchThroughput(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  const count = manySandboxes(request);
  await using stack = new AsyncDisposableStack();
  const attach = await openBoth(request, 'attach', stack);
  const fifo = await openBoth(request, 'fifo', stack);
  const { versions } = attach.one;
  const { line, value, data } = attach.one.requestOfLength(REQUEST_BYTES);
  const bare: BareAttach[] = [];
  for (let made = 0; made < count; made += 1)
    bare.push(stack.use(await BareAttach.start({ dockerHost, version: versions.warm })));
  const callBare = (size: (typeof SIZES)[number]): Contender<Name> => ({
    ...{ name: `bare_attach_${size.size}`, calls: size.calls, inFlight: size.inFlight },
    call: async (caller) => (await bare[size.isMany ? caller % count : 0]?.call(value)) ?? 0,
  });
  const found = await interleave(
    [
      ...SIZES.map(callBare),
      ...contendersOf('attach', attach, data),
      ...contendersOf('fifo', fifo, data),
      {
        ...{ name: `classic_${CLASSIC_IN_FLIGHT}`, calls: CLASSIC_IN_FLIGHT, inFlight: CLASSIC_IN_FLIGHT },
        call: async () => (await runClassic(dockerHost, line)).settledMs,
      },
    ],
    request,
  );
  return { cases: found.cases, ratios: ratiosOf(found) };
}

interface Worlds {
  readonly one: WarmWorld;
  readonly many: WarmWorld;
  /** of `many`: takes several invocations at once */
  readonly shared: PluginVersion;
}

/** Worlds with one and with many sandboxes, all of them standing. */
async function openBoth(request: BenchRequest, transport: Transport, stack: AsyncDisposableStack): Promise<Worlds> {
  const { dockerHost } = request;
  const sandboxes = manySandboxes(request);
  const one = stack.use(await WarmWorld.open({ dockerHost, transport }));
  const many = stack.use(await WarmWorld.open({ dockerHost, transport, sandboxes }));
  const shared = warmVersion(many.imageId, 'warm', sandboxes, ['fetch'], { id: 'shared', concurrency: PLACES });
  await one.ready(one.versions.warm);
  await many.ready(many.versions.warm);
  await many.ready(shared);
  return { one, many, shared };
}

function contendersOf(transport: Transport, { one, many, shared }: Worlds, data: JsonValue): Contender<Name>[] {
  const sized = SIZES.flatMap(({ size, isMany, inFlight, calls }): Contender<Name>[] => {
    const world = isMany ? many : one;
    const runs = { calls: calls * RUN_PART, inFlight };
    return [
      {
        ...{ name: `${transport}_invocations_${size}`, calls, inFlight },
        call: () => world.invoke(world.versions.warm, data),
      },
      { name: `${transport}_runs_queued_${size}`, ...runs, call: () => world.run(data, 'queued') },
      { name: `${transport}_runs_stored_${size}`, ...runs, call: () => world.run(data, 'stored') },
    ];
  });
  const call = (): Promise<number> => many.invoke(shared, data);
  return [...sized, { name: `${transport}_shared_invocations_8x32`, calls: 800, inFlight: 32, call }];
}

function ratiosOf(found: Measurements<Name>): Readonly<Record<string, number>> {
  const transports = ['attach', 'fifo'] as const;
  const ours = ['invocations', 'runs_queued', 'runs_stored'] as const;
  const overBare = SIZES.flatMap(({ size }) =>
    transports.flatMap((transport) =>
      ours.map((what): [string, number] => [
        `${transport}_${what}_over_bare_attach_${size}`,
        found.rateRatio(`${transport}_${what}_${size}`, `bare_attach_${size}`),
      ]),
    ),
  );
  return {
    ...Object.fromEntries(overBare),
    attach_shared_over_bare_attach_8x32: found.rateRatio('attach_shared_invocations_8x32', 'bare_attach_8x32'),
    fifo_shared_over_bare_attach_8x32: found.rateRatio('fifo_shared_invocations_8x32', 'bare_attach_8x32'),
    attach_invocations_over_classic_at_8: found.rateRatio('attach_invocations_8x8', 'classic_8'),
    runs_queued_over_classic_at_8: found.rateRatio('fifo_runs_queued_8x8', 'classic_8'),
    runs_stored_over_classic_at_8: found.rateRatio('fifo_runs_stored_8x8', 'classic_8'),
    runs_stored_over_invocations_8x8: found.rateRatio('fifo_runs_stored_8x8', 'fifo_invocations_8x8'),
    runs_queued_over_invocations_8x8: found.rateRatio('fifo_runs_queued_8x8', 'fifo_invocations_8x8'),
  };
}
