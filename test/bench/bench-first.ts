// The very first call that a sandbox serves, when the pool held it ready, beside calls that follow at once and calls after the same pause: a
// processor that slept is slow whoever wakes it, so the second reference tells what of the difference is ours.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { interleave } from './interleave.ts';
import { warmVersion, WarmWorld } from './warm-world.ts';

/** A sandbox that stood for a moment: what starting it set going is over. */
const PAUSE_MS = 300;

export const firstBenchmark: Benchmark = {
  name: 'first',
  title: 'the first call of a plugin whose pool keeps one sandbox ready (pool.min 1), beside a warm call',
  goals: [
    {
      ratio: 'first_over_warm',
      sense: 'at most',
      bound: 2,
      says: 'with pool.min 1 the first call is nearly a warm one',
      obstacle:
        'a call after the same pause takes two and a half warm ones as well, with 0.20 ms of CPU in the plugin instead of 0.07, most likely because the caches of the processor are cold; only 0.07 ms of CPU in the plugin are the first call’s own, and running its codec ahead took off 0.01; on a busy machine the wait for a core comes on top',
    },
  ],
  run: benchFirst,
};

async function benchFirst(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost, signal } = request;
  await using world = await WarmWorld.open({ dockerHost });
  const { warm } = world.versions;
  const { data } = world.requestOfLength(REQUEST_BYTES);
  const first = async (): Promise<number> => {
    const version = warmVersion(world.imageId, 'warm', 1, ['fetch'], { id: `first-${world.ids.randomHex(6)}` });
    await world.ready(version);
    await sleep(PAUSE_MS, undefined, { signal });
    const durationMs = await world.invoke(version, data);
    await world.forget(version);
    return durationMs;
  };
  const afterPause = async (): Promise<number> => {
    await sleep(PAUSE_MS, undefined, { signal });
    return await world.invoke(warm, data);
  };
  const found = await interleave(
    [
      { name: 'first', calls: 2, call: first },
      { name: 'warm', calls: 200, call: () => world.invoke(warm, data) },
      { name: 'warm_after_pause', calls: 2, call: afterPause },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      first_over_warm: found.p50Ratio('first', 'warm'),
      first_over_warm_after_pause: found.p50Ratio('first', 'warm_after_pause'),
      pause_over_none: found.p50Ratio('warm_after_pause', 'warm'),
    },
  };
}
