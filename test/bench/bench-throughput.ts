// How many calls a second, at three sizes (sandboxes × callers): the bare transport, invocations alone, whole runs, and `docker run` with as
// many callers. Eight sandboxes and 32 callers mean four calls under way in each bare container, which a bare worker can take.
import { BareAttach } from './bare-attach.ts';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { runClassic } from './contenders.ts';
import { interleave, type Contender } from './interleave.ts';
import { WarmWorld } from './warm-world.ts';

const SIZES = [
  { size: '1x1', sandboxes: 1, inFlight: 1, calls: 200 },
  { size: '8x8', sandboxes: 8, inFlight: 8, calls: 600 },
  { size: '8x32', sandboxes: 8, inFlight: 32, calls: 800 },
] as const;
/** A stored run takes as long as many invocations. */
const RUN_PART = 0.4;
const CLASSIC_IN_FLIGHT = 8;

type Size = (typeof SIZES)[number];
type Name = `${'bare_attach' | 'invocations' | 'runs_stored'}_${Size['size']}` | 'classic_8';

export const throughputBenchmark: Benchmark = {
  name: 'throughput',
  title: 'calls per second at 1×1, 8×8 and 8×32 (sandboxes × callers), beside bare attach and docker run',
  goals: [
    {
      ratio: 'invocations_over_bare_attach_8x32',
      sense: 'at least',
      bound: 0.6,
      says: 'by attach, most of what the transport can do is left',
    },
    {
      ratio: 'invocations_over_classic_8x8',
      sense: 'at least',
      bound: 1_000,
      says: 'at equal callers, a thousand times the containers per second',
    },
    {
      ratio: 'runs_stored_over_classic_8x8',
      sense: 'at least',
      bound: 300,
      says: 'the same with every run stored before it is told',
    },
  ],
  run: benchThroughput,
};

async function benchThroughput(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using stack = new AsyncDisposableStack();
  const worlds = {
    1: stack.use(await WarmWorld.open({ dockerHost })),
    8: stack.use(await WarmWorld.open({ dockerHost, sandboxes: 8 })),
  } as const;
  const { line, value, data } = worlds[1].requestOfLength(REQUEST_BYTES);
  const bare: BareAttach[] = [];
  for (let count = 0; count < 8; count += 1) {
    const { owner, versions } = worlds[1];
    bare.push(stack.use(await BareAttach.start({ dockerHost, owner, version: versions.warm })));
  }
  const contenders = SIZES.flatMap(({ size, sandboxes, inFlight, calls }): Contender<Name>[] => {
    const world = worlds[sandboxes];
    const { warm } = world.versions;
    const callBare = async (caller: number): Promise<number> => (await bare[caller % sandboxes]?.call(value)) ?? 0;
    return [
      { name: `bare_attach_${size}`, calls, inFlight, call: callBare },
      { name: `invocations_${size}`, calls, inFlight, call: () => world.invoke(warm, data) },
      { name: `runs_stored_${size}`, calls: calls * RUN_PART, inFlight, call: () => world.run(data) },
    ];
  });
  const classic = async (): Promise<number> => (await runClassic(dockerHost, line)).settledMs;
  for (const world of Object.values(worlds)) await world.ready(world.versions.warm);
  const found = await interleave(
    [...contenders, { name: 'classic_8', calls: CLASSIC_IN_FLIGHT, inFlight: CLASSIC_IN_FLIGHT, call: classic }],
    request,
  );
  const ratios = SIZES.flatMap(({ size }) => [
    [`invocations_over_bare_attach_${size}`, found.rateRatio(`invocations_${size}`, `bare_attach_${size}`)] as const,
    [`runs_stored_over_bare_attach_${size}`, found.rateRatio(`runs_stored_${size}`, `bare_attach_${size}`)] as const,
    [`runs_stored_over_invocations_${size}`, found.rateRatio(`runs_stored_${size}`, `invocations_${size}`)] as const,
  ]);
  return {
    cases: found.cases,
    ratios: {
      ...Object.fromEntries(ratios),
      invocations_over_classic_8x8: found.rateRatio('invocations_8x8', 'classic_8'),
      runs_stored_over_classic_8x8: found.rateRatio('runs_stored_8x8', 'classic_8'),
    },
  };
}
