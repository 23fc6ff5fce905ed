// The first call of a plugin that has nothing standing and is given no pool, to its result, beside `docker run` and the shortest loop over the
// engine's API. Each call is of another version, so that no sandbox of the one before can serve it.
import type { Benchmark, BenchRequest, BenchResult } from './bench-document.ts';
import { REQUEST_BYTES } from './bench-warm.ts';
import { IMAGE, onceVersion, runClassic, runLoop } from './contenders.ts';
import { imageIdOf } from './image-id.ts';
import { interleave } from './interleave.ts';
import { warmVersion, WarmWorld } from './warm-world.ts';

const NO_POOL = { min: 0, max: 1 };

export const coldBenchmark: Benchmark = {
  name: 'cold',
  title: 'a call with nothing warm and no pool, to its result, beside docker run and a bare create … remove loop',
  goals: [
    {
      ratio: 'cold_over_docker_run',
      sense: 'at most',
      bound: 0.95,
      says: 'all checks included, a cold call is no slower than the command line',
    },
  ],
  run: benchCold,
};

async function benchCold(request: BenchRequest): Promise<BenchResult> {
  const { dockerHost } = request;
  await using world = await WarmWorld.open({ dockerHost });
  const imageId = imageIdOf(dockerHost, IMAGE);
  const { line, data } = world.requestOfLength(REQUEST_BYTES);
  const freshName = (word: string): string => `${word}-${world.ids.randomHex(6)}`;
  const once = onceVersion(imageId, 'once', NO_POOL);
  const coldJson = async (): Promise<number> => {
    const version = onceVersion(imageId, freshName('once'), NO_POOL);
    const durationMs = await world.invoke(version, data);
    await world.forget(version);
    return durationMs;
  };
  const coldStream = async (): Promise<number> => {
    const kept = warmVersion(world.imageId, 'warm', 1, ['fetch'], { id: freshName('kept') });
    const version = { ...kept, plugin: { ...kept.plugin, pool: { ...kept.plugin.pool, min: 0 } } };
    const durationMs = await world.invoke(version, data);
    await world.forget(version);
    return durationMs;
  };
  const found = await interleave(
    [
      { name: 'cold_json', calls: 1, call: coldJson },
      { name: 'cold_stream', calls: 1, call: coldStream },
      { name: 'docker_run', calls: 1, call: async () => (await runClassic(dockerHost, line)).settledMs },
      { name: 'bare_loop', calls: 1, call: async () => (await runLoop(dockerHost, once, line)).settledMs },
    ],
    request,
  );
  return {
    cases: found.cases,
    ratios: {
      cold_over_docker_run: found.p50Ratio('cold_json', 'docker_run'),
      cold_over_bare_loop: found.p50Ratio('cold_json', 'bare_loop'),
      cold_stream_over_docker_run: found.p50Ratio('cold_stream', 'docker_run'),
      cold_stream_over_bare_loop: found.p50Ratio('cold_stream', 'bare_loop'),
    },
  };
}
