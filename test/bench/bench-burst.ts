// What is left of the throughput when four times as many callers come as there is room for: of sandboxes that must be started (room is the
// number of cores, beyond which starts only slow each other), of warm ones, and of `docker run` for comparison.
import { cpus } from 'node:os';
import { manySandboxes, type Benchmark, type BenchRequest, type BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { IMAGE, onceVersion, runClassic } from './contenders.ts';
import { imageIdOf } from './image-id.ts';
import { interleave } from './interleave.ts';
import { WarmWorld } from './warm-world.ts';

const BURST = 4;
const WARM_CALLS = 400;

export const burstBenchmark: Benchmark = {
  name: 'burst',
  title: 'throughput kept when four times more callers come than there is room for',
  goals: [
    { ratio: 'cold_kept', sense: 'at least', bound: 0.95, says: 'starts are let through only as fast as they help' },
    { ratio: 'warm_kept', sense: 'at least', bound: 0.95, says: 'those who wait for a warm sandbox cost nothing' },
  ],
  run: benchBurst,
};

async function benchBurst(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  const sandboxes = manySandboxes(request) / 2;
  await using world = await WarmWorld.open({ dockerHost, sandboxes });
  const { warm } = world.versions;
  const room = request.scale < 1 ? 1 : Math.min(4, cpus().length);
  const imageId = imageIdOf(dockerHost, IMAGE);
  let once = onceVersion(imageId, 'once', { min: 0, max: room * BURST });
  // A version of its own for each crowd: what stands by for the next call of one must neither serve nor hinder another.
  const alone = (): AsyncDisposable => {
    const version = onceVersion(imageId, `once-${world.ids.randomHex(6)}`, { min: 0, max: room * BURST });
    once = version;
    return { [Symbol.asyncDispose]: () => world.forget(version) };
  };
  const { line, data } = world.requestOfLength(REQUEST_BYTES);
  const cold = (): Promise<number> => world.invoke(once, data);
  const warmCall = (): Promise<number> => world.invoke(warm, data);
  const classic = async (): Promise<number> => (await runClassic(dockerHost, line)).settledMs;
  const crowd = room * BURST;
  await world.ready(warm);
  const found = await interleave(
    [
      { name: 'cold_at_capacity', calls: crowd, inFlight: room, call: cold, during: alone },
      { name: 'cold_in_burst', calls: crowd, inFlight: crowd, call: cold, during: alone },
      { name: 'classic_at_capacity', calls: room, inFlight: room, call: classic },
      { name: 'classic_in_burst', calls: crowd, inFlight: crowd, call: classic },
      { name: 'warm_at_capacity', calls: WARM_CALLS, inFlight: sandboxes, call: warmCall },
      { name: 'warm_in_burst', calls: WARM_CALLS, inFlight: sandboxes * BURST, call: warmCall },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      cold_kept: found.rateRatio('cold_in_burst', 'cold_at_capacity'),
      warm_kept: found.rateRatio('warm_in_burst', 'warm_at_capacity'),
      classic_kept: found.rateRatio('classic_in_burst', 'classic_at_capacity'),
    },
  };
}
