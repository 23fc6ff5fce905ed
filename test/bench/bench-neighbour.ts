// The warm calls of one plugin while another one misbehaves: keeps its CPU quota busy all the time, or dies in every invocation. Quiet and
// noisy rounds in turn.
import type { PluginVersion } from '../../src/core/plugin.ts';
import type { JsonValue } from '../../src/core/json.ts';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { interleave } from './interleave.ts';
import { warmVersion, WarmWorld } from './warm-world.ts';

const CALLS = 1_000;
const BURN_MS = 250;

export const neighbourBenchmark: Benchmark = {
  name: 'neighbour',
  title: 'the slowest warm calls of a plugin while another one burns its CPU quota, or crashes again and again',
  goals: [
    {
      ratio: 'burning_p99_over_quiet_p99',
      sense: 'at most',
      bound: 2,
      says: 'a plugin at its quota does not slow others',
      obstacle:
        'most likely the quota itself: half a core is given as 50 ms of a whole core in each 100 ms, and meanwhile program and plugin share the other one; the median is untouched',
    },
    { ratio: 'crashing_p99_over_quiet_p99', sense: 'at most', bound: 2, says: 'nor does one that crashes in a loop' },
  ],
  run: benchNeighbour,
};

async function benchNeighbour(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using world = await WarmWorld.open({ dockerHost, program: 'work-plugin.py' });
  const { warm } = world.versions;
  const burner = warmVersion(world.imageId, 'warm', 1, ['fetch'], { id: 'burner' });
  const crasher = warmVersion(world.imageId, 'warm', 1, ['fetch'], { id: 'crasher' });
  const { data } = world.requestOfLength(REQUEST_BYTES);
  const call = (): Promise<number> => world.invoke(warm, data);
  await world.ready(burner);
  const found = await interleave(
    [
      { name: 'quiet', calls: CALLS, call },
      { name: 'beside_burning', calls: CALLS, call, during: () => keepInvoking(world, burner, { burnMs: BURN_MS }) },
      { name: 'beside_crashing', calls: CALLS, call, during: () => keepInvoking(world, crasher, { dies: true }) },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      burning_p99_over_quiet_p99: found.p99Ratio('beside_burning', 'quiet'),
      burning_p50_over_quiet_p50: found.p50Ratio('beside_burning', 'quiet'),
      crashing_p99_over_quiet_p99: found.p99Ratio('beside_crashing', 'quiet'),
      crashing_p50_over_quiet_p50: found.p50Ratio('beside_crashing', 'quiet'),
    },
  };
}

/** One invocation after another, however they end, until it is disposed of. */
function keepInvoking(world: WarmWorld, version: PluginVersion, data: JsonValue): AsyncDisposable {
  let isOver = false;
  const invokeOn = async (): Promise<void> => {
    while (!isOver) {
      const { outcome } = await world.invocationEnd(version, data);
      // Refused at once: the plugin is left alone for a while, and asking in a tight loop would measure ourselves.
      if (outcome.code === 'start_failed' || outcome.code === 'busy') await world.clock.sleep(BURN_MS / 10);
    }
  };
  const over = invokeOn();
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await over;
    },
  };
}
